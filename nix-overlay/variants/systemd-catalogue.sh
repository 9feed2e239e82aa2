# shellcheck shell=bash
#
# So is the journal's catalogue. nixpkgs changes its directory in preConfigure.

# shellcheck disable=SC2154 # stdenv sets the outputs
if [[ -f src/libsystemd/sd-journal/catalog.c ]]; then
    sed --in-place "s|\"$out/lib/systemd/catalog/\"|\"/usr/lib/systemd/catalog/\", &|" \
        src/libsystemd/sd-journal/catalog.c
fi
