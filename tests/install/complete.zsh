# SPDX-License-Identifier: MIT
# What the script that is named hands to zsh's own functions, which stand in for themselves here.
_describe() { print -rl -- "${(@P)2}"; }
_arguments() { print -rl -- "$@"; }
_files() { :; }
compdef() { :; }
source $1

expect() {
    local offered
    CURRENT=$1
    shift 2
    offered=$(_whvtrace)
    [[ $offered == *"$wanted"* ]] && return
    print -r -- "'$words' offers:"$'\n'"$offered"$'\n'"not '$wanted'"
    exit 1
}

words=(whvtrace cov) wanted='coverage:'
expect 2 --
words=(whvtrace run --) wanted='--color=['
expect 3 --
wanted=':(auto always never)'
expect 3 --
wanted=':(strict device effects)'
expect 3 --
words=(whvtrace new --) wanted='vm86'
expect 3 --
words=(whvtrace completion '') wanted=':(bash zsh fish)'
expect 3 --
