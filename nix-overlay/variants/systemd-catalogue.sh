# shellcheck shell=bash
#
# So is the journal's catalogue. nixpkgs changes its directory in preConfigure.
for file in src/libsystemd/sd-journal/catalog.c; do
    if [[ -f $file ]]; then
        sed --in-place "s|\"$out/lib/systemd/catalog/\"|\"/usr/lib/systemd/catalog/\", &|" "$file"
    fi
done
