_lint__store__path() {
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
                cmd="lint__store__path"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        lint__store__path)
            opts="-q -v -h -V --closure --store-dir --root --list-rules --write-facts --facts --no-cache --config --allow --deny --severity --fail-on --baseline --write-baseline --format --color --quiet --all --verbose --explain --help --version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --store-dir)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --root)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --write-facts)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --facts)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --config)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --allow)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --deny)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --severity)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --fail-on)
                    COMPREPLY=($(compgen -W "error warning note" -- "${cur}"))
                    return 0
                    ;;
                --baseline)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "human json sarif html" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                --explain)
                    COMPREPLY=($(compgen -W "alias-of-other-type bare-program broken-elf build-directory cmake-path-doubled core-pattern-too-long credential-in-store dangling-symlink deprecated-directive destdir-nest directive-in-wrong-section duplicate-bus-name duplicate-polkit-action elf-own-fhs-path empty-state-directory etc-path-in-program etc-path-in-text exec-paths-exclude-store foreign-package-directory hidden-store interpreter-outside-store missing-account missing-activation-file missing-condition-file missing-dlopen-library missing-drop-in-unit missing-library missing-login-shell missing-nss-module missing-pam-include missing-pam-module missing-pc-directory missing-pc-prefix missing-pc-requirement missing-polkit-action missing-program missing-runpath-directory missing-shell-command missing-store-file missing-systemd-service missing-systemd-tag missing-tmpfiles-source missing-udev-helper missing-unit mount-refused negated-condition never-started own-file-by-fhs-path pc-install-variable-outside-prefix pc-undefined-variable pid-file-in-var-run program-not-executable program-outside-store relative-program running-system-path runpath-insecure runpath-outside-store service-refused setuid-file shebang-env shebang-not-executable shebang-outside-store socket-refused special-file symlink-out-of-store tmpfiles-in-var-run unknown-directive unknown-section unread-file waits-for-nothing world-writable" -- "${cur}"))
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
    complete -F _lint__store__path -o nosort -o bashdefault -o default lint-store-path
else
    complete -F _lint__store__path -o bashdefault -o default lint-store-path
fi
