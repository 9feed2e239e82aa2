# shellcheck shell=bash
#
# Before a package is configured: makes the .pc files that its build reads say that it installs into
# its own output. After stdenv's fixups: makes the .pc files that it ships name its outputs. Both with
# rewrite-pkgconfig-prefix. docs/hooks.md has the variables.

# shellcheck source=hooks/hermetic-fixups.sh
source @hermeticFixups@

# rewritePkgConfigPrefix [OPTION…]: fixes the .pc files of all outputs at once, whatever
# dontRewritePkgConfigPrefix says.
# shellcheck disable=SC2120 # a package's own phases may call it with options
rewritePkgConfigPrefix() {
    local -a arguments=() options=()
    appendHermeticPackage arguments
    if ((${#arguments[@]} == 0)); then
        return 0
    fi
    appendHermeticAttribute options rewritePkgConfigPrefixKeep --keep
    appendHermeticAttribute options rewritePkgConfigPrefixReplace --replace
    appendHermeticAttribute options rewritePkgConfigPrefixFlags
    NO_COLOR=1 @rewritePkgConfigPrefix@ provider @<(printf '%s\n' "${arguments[@]}") "${options[@]}" "$@"
}

# redirectPkgConfigInstall [OPTION…]: puts copies of the .pc files that say where others install in
# front of each of stdenv's search paths. Each role has its own: what runs on one platform must not be
# found for another.
# shellcheck disable=SC2120
redirectPkgConfigInstall() {
    local variable copies name=${pkgConfigInstallOutput:-out}
    local -a options=()
    if [[ -z ${!name-} ]]; then
        # A package without an output of this name, if none was asked for: its first.
        if [[ -n ${pkgConfigInstallOutput-} ]]; then
            echo "rewritePkgConfigPrefixHook: pkgConfigInstallOutput: there is no output $name" >&2
            return 1
        fi
        name=$(getAllOutputNames | tr ' ' '\n' | LC_ALL=C sort | head --lines=1)
    fi
    options+=(--prefix "${!name}" --store-dir "$NIX_STORE")
    appendHermeticAttribute options pkgConfigInstallVariables --install-variable
    for variable in PKG_CONFIG_PATH PKG_CONFIG_PATH_FOR_BUILD PKG_CONFIG_PATH_FOR_TARGET; do
        if [[ -z ${!variable-} ]]; then
            continue
        fi
        copies=$NIX_BUILD_TOP/hermetic-pkg-config/$variable
        NO_COLOR=1 @rewritePkgConfigPrefix@ consumer "${options[@]}" --into "$copies" \
            --pkg-config-path "${!variable}" "$@"
        if [[ -d $copies && ${!variable} != "$copies":* ]]; then
            export "$variable=$copies:${!variable}"
        fi
    done
}

rewritePkgConfigPrefixAuto() {
    if [[ -z ${dontRewritePkgConfigPrefix-} && -z ${dontRewritePkgConfigPrefixProvider-} ]]; then
        # shellcheck disable=SC2119
        rewritePkgConfigPrefix
    fi
}

redirectPkgConfigInstallAuto() {
    if [[ -z ${dontRewritePkgConfigPrefix-} && -z ${dontRewritePkgConfigPrefixConsumer-} ]]; then
        # shellcheck disable=SC2119
        redirectPkgConfigInstall
    fi
}

registerHermeticFixup rewritePkgConfigPrefixAuto
registerHermeticPreConfigure redirectPkgConfigInstallAuto
