# shellcheck shell=bash
#
# Rewrites the paths that the package's systemd units and integration files start and read to store
# paths, with patch-systemd-units. docs/hooks.md has the variables.

# shellcheck source=hooks/hermetic-fixups.sh
source @hermeticFixups@

# patchSystemdUnits [OPTION…]: patches all outputs at once, whatever dontPatchSystemdUnits says.
# shellcheck disable=SC2120 # a package's own phases may call it with options
patchSystemdUnits() {
    local -a arguments=() options=()
    local shell=@runtimeShell@ name
    appendHermeticPackage arguments
    if ((${#arguments[@]} == 0)); then
        return 0
    fi
    # The shell by the name by which it was asked for: bash behaves accordingly.
    if [[ -x ${shell%/*}/sh ]]; then
        shell=${shell%/*}/sh
    fi
    for name in sh /bin/sh /usr/bin/sh; do
        options+=(--fallback "$name=$shell")
    done
    appendHermeticAttribute options patchSystemdUnitsKeep --keep
    appendHermeticAttribute options patchSystemdUnitsReplace --replace
    appendHermeticAttribute options patchSystemdUnitsMissing --missing
    appendHermeticAttribute options patchSystemdUnitsFlags
    # There may be more dependencies than fit on a command line. Nix gives a build a terminal, but its
    # log is read elsewhere, too.
    NO_COLOR=1 @patchSystemdUnits@ @<(printf '%s\n' "${arguments[@]}") "${options[@]}" "$@"
}

patchSystemdUnitsAuto() {
    if [[ -z ${dontPatchSystemdUnits-} ]]; then
        # shellcheck disable=SC2119
        patchSystemdUnits
    fi
}

registerHermeticFixup patchSystemdUnitsAuto
