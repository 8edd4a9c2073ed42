# A zsh of its own in a terminal of its own, as people have it; what it offers is written down.
zmodload zsh/zpty
offers=$PWD/offers
zpty inner zsh -f -i
zpty -w inner "PROMPT=; PS2=; fpath=($PWD \$fpath); autoload -Uz compinit; compinit -u -d $PWD/dump"
zpty -w inner "zstyle ':completion:*' insert-tab false"
zpty -w inner 'bindkey "^I" complete-word'
zpty -w inner "compadd() {
    case \"\$*\" in *-[OAD]*) builtin compadd \"\$@\"; return ;; esac
    local -a hits; builtin compadd -O hits \"\$@\"
    print -rl -- \$hits >> $offers; builtin compadd \"\$@\"
}"
zpty -w inner "over() { print -r -- --over-- >> $offers; comppostfuncs=(over) }; comppostfuncs=(over)"
ask() {
    : > $offers
    zpty -w -n inner "$*"$'\t'
    print -r -- ">> $*"
    repeat 3000; do
        # Its terminal must be read, or it waits.
        zpty -r -t inner seen && continue
        grep -q -- '^--over--$' $offers && break
        sleep 0.01
    done
    grep -v -- '^--over--$' $offers
    # Away with the line.
    zpty -w -n inner $'\x15'
    while zpty -r -t inner seen; do :; done
}
