# SPDX-License-Identifier: MIT
# What fish offers, with the script that is named.
source $argv[1]

function expect
    set offered (complete -C "$argv[1]" | string replace -r '\t.*' '')
    contains -- $argv[2] $offered; and return
    echo "'$argv[1]' offers '$offered', not '$argv[2]'"
    exit 1
end

expect 'whvtrace cov' coverage
expect 'whvtrace run --col' --color
expect 'whvtrace run --color ' never
expect 'whvtrace run --match ' device
expect 'whvtrace run --report ' junit
expect 'whvtrace new -m ' vm86
expect 'whvtrace completion ' zsh
