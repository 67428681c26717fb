# Prints what bash would offer for the last word of a command line.
eval "$(whvtrace completion)"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_whvtrace
echo "${COMPREPLY[*]}"
