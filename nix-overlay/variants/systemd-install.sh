# shellcheck shell=bash
#
# Units, tmpfiles.d, sysusers.d … are where they were installed, before nixpkgs moved them.

# shellcheck disable=SC2154 # stdenv sets the outputs
if [[ -d $out/example ]]; then
    mkdir --parents "$out/lib"
    cp --archive "$out/example/." "$out/lib/"
    rm --recursive "$out/example"
fi
