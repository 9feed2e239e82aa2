# shellcheck shell=bash
#
# Makes the package's configuration lie in its outputs and be read from there, with
# relocate-etc-to-out. docs/hooks.md has the variables.

# shellcheck source=hooks/hermetic-fixups.sh
source @hermeticFixups@

# relocateEtcToOut [OPTION…]: relocates the configuration of all outputs at once, whatever
# dontRelocateEtcToOut says.
# shellcheck disable=SC2120 # a package's own phases may call it with options
relocateEtcToOut() {
    local -a arguments=() options=()
    appendHermeticPackage arguments
    if ((${#arguments[@]} == 0)); then
        return 0
    fi
    appendHermeticAttribute options relocateEtcToOutKeep --keep
    appendHermeticAttribute options relocateEtcToOutMode --mode
    appendHermeticAttribute options relocateEtcToOutPolicy --policy
    appendHermeticAttribute options relocateEtcToOutOsRelease --os-release
    appendHermeticAttribute options relocateEtcToOutLinkBase --link-base
    appendHermeticAttribute options relocateEtcToOutPrune --prune
    appendHermeticAttribute options relocateEtcToOutFlags
    NO_COLOR=1 @relocateEtcToOut@ @<(printf '%s\n' "${arguments[@]}") "${options[@]}" "$@"
}

relocateEtcToOutAuto() {
    if [[ -z ${dontRelocateEtcToOut-} ]]; then
        # shellcheck disable=SC2119
        relocateEtcToOut
    fi
}

registerHermeticFixup relocateEtcToOutAuto
