# shellcheck shell=bash
#
# Units, tmpfiles.d, sysusers.d … are where they were installed, before nixpkgs moved them.
if [[ -d $out/example ]]; then
    mkdir --parents "$out/lib"
    cp --archive "$out/example/." "$out/lib/"
    rm --recursive "$out/example"
fi
