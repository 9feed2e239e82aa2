# shellcheck shell=bash
#
# Looks at every output, after all other fixups, and fails the build if something in it cannot work,
# with lint-store-path. docs/hooks.md has the variables.

# shellcheck source=hooks/hermetic-fixups.sh
source @hermeticFixups@

# lintStorePath [OPTION…]: looks at all outputs at once, whatever dontLintStorePath says.
# shellcheck disable=SC2120 # a package's own phases may call it with options
lintStorePath() {
    local name path
    local -a names=() paths=() options=()
    appendHermeticOutputNames names
    for name in "${names[@]}"; do
        path=${!name-}
        # A link to another package is that one's affair.
        if [[ -e $path && ! -L $path ]]; then
            paths+=("$path")
        fi
    done
    if ((${#paths[@]} == 0)); then
        return 0
    fi
    appendHermeticAttribute options lintStorePathAllow --allow
    appendHermeticAttribute options lintStorePathDeny --deny
    appendHermeticAttribute options lintStorePathSeverity --severity
    appendHermeticAttribute options lintStorePathFlags
    # What is being built is no store path yet: nothing may be remembered of it.
    NO_COLOR=1 @lintStorePath@ --no-cache --store-dir "$NIX_STORE" "${options[@]}" "$@" "${paths[@]}"
}

lintStorePathAuto() {
    if [[ -z ${dontLintStorePath-} ]]; then
        # shellcheck disable=SC2119
        lintStorePath
    fi
}

registerHermeticFixup lintStorePathAuto
