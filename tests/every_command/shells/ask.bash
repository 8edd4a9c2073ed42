source ./_kreel
ask() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMPREPLY=()
    COMP_POINT=${#COMP_LINE}
    # The function that the script registered, called as bash calls it.
    local name
    name=$(complete -p kreel | sed 's/.*-F \([^ ]*\).*/\1/')
    "$name" kreel "${@: -1}" "${@: -2:1}"
    echo ">> $*"
    printf '%s\n' "${COMPREPLY[@]}"
}
