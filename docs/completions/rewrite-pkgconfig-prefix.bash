_rewrite__pkgconfig__prefix() {
    local i cur prev opts cmd
    COMPREPLY=()
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        cur="$2"
    else
        cur="${COMP_WORDS[COMP_CWORD]}"
    fi
    prev="$3"
    cmd=""
    opts=""

    for i in "${COMP_WORDS[@]:0:COMP_CWORD}"
    do
        case "${cmd},${i}" in
            ",$1")
                cmd="rewrite__pkgconfig__prefix"
                ;;
            rewrite__pkgconfig__prefix,consumer)
                cmd="rewrite__pkgconfig__prefix__subcmd__consumer"
                ;;
            rewrite__pkgconfig__prefix,help)
                cmd="rewrite__pkgconfig__prefix__subcmd__help"
                ;;
            rewrite__pkgconfig__prefix,provider)
                cmd="rewrite__pkgconfig__prefix__subcmd__provider"
                ;;
            rewrite__pkgconfig__prefix__subcmd__help,consumer)
                cmd="rewrite__pkgconfig__prefix__subcmd__help__subcmd__consumer"
                ;;
            rewrite__pkgconfig__prefix__subcmd__help,help)
                cmd="rewrite__pkgconfig__prefix__subcmd__help__subcmd__help"
                ;;
            rewrite__pkgconfig__prefix__subcmd__help,provider)
                cmd="rewrite__pkgconfig__prefix__subcmd__help__subcmd__provider"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        rewrite__pkgconfig__prefix)
            opts="-h -V --help --version provider consumer help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        rewrite__subcmd__pkgconfig__subcmd__prefix__subcmd__consumer)
            opts="-q -v -h --prefix --into --output --install-output --install-variable --pkg-config-path --list-install-variables --store-dir --root --dry-run --diff --format --color --quiet --all --verbose --explain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --prefix)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --into)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --install-output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --install-variable)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --pkg-config-path)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --store-dir)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --root)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "human json sarif" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                --explain)
                    COMPREPLY=($(compgen -W "line-too-long malformed-line missing-pc-directory output-cycle pc-undefined-variable unread-file unwritable-place pc-duplicate-variable pc-install-not-absolute pc-make-variable pc-relative-prefix pc-unbalanced-brace" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        rewrite__subcmd__pkgconfig__subcmd__prefix__subcmd__help)
            opts="provider consumer help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        rewrite__subcmd__pkgconfig__subcmd__prefix__subcmd__help__subcmd__consumer)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        rewrite__subcmd__pkgconfig__subcmd__prefix__subcmd__help__subcmd__help)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        rewrite__subcmd__pkgconfig__subcmd__prefix__subcmd__help__subcmd__provider)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        rewrite__subcmd__pkgconfig__subcmd__prefix__subcmd__provider)
            opts="-q -v -h --output --search-path --output-search-path --dependency --store-dir --root --keep --replace --fallback --dry-run --diff --format --color --quiet --all --verbose --explain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --search-path)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output-search-path)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --dependency)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --store-dir)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --root)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --keep)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --replace)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --fallback)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "human json sarif" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                --explain)
                    COMPREPLY=($(compgen -W "line-too-long malformed-line missing-pc-directory output-cycle pc-undefined-variable unread-file unwritable-place pc-duplicate-variable pc-install-not-absolute pc-make-variable pc-relative-prefix pc-unbalanced-brace" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
    esac
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _rewrite__pkgconfig__prefix -o nosort -o bashdefault -o default rewrite-pkgconfig-prefix
else
    complete -F _rewrite__pkgconfig__prefix -o bashdefault -o default rewrite-pkgconfig-prefix
fi
