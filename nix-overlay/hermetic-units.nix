# A package's units and integration files, patched, without a new build of the package: they name the
# programs of the package as it is. For NixOS' systemd.packages, services.udev.packages and the like.
{
  lib,
  stdenvNoCC,
  buildPackages,
}:
package:
let
  # What nobody installs has no units, and need not be fetched. The tool knows the same names:
  # NOT_RUNTIME in crates/hermetic-out/src/package.rs.
  isRuntime =
    output:
    !builtins.elem output [
      "debug"
      "dev"
      "devdoc"
      "devman"
      "doc"
      "info"
      "man"
    ];
  outputs = map (output: package.${output}) (
    builtins.filter isRuntime (package.outputs or [ "out" ])
  );
in
stdenvNoCC.mkDerivation {
  name = "${package.name}-hermetic-units";

  nativeBuildInputs = [
    buildPackages.patch-systemd-units
    buildPackages.patchSystemdUnitsHook
  ];
  # The units may name what the package was built with.
  buildInputs =
    outputs ++ (package.buildInputs or [ ]) ++ (package.propagatedBuildInputs or [ ]);
  strictDeps = true;
  preferLocalBuild = true;

  buildCommand = ''
    directories=$(patch-systemd-units --list-directories)
    mkdir "$out"
    while IFS= read -r directory; do
      for output in ${lib.escapeShellArgs outputs}; do
        if [[ -d $output/$directory && ! -L $output/$directory ]]; then
          mkdir --parents "$out/$directory"
          cp --recursive --no-dereference --no-clobber \
            "$output/$directory/." "$out/$directory/"
          # The files of a store are read-only; scripts stay executable.
          chmod --recursive u+w "$out/$directory"
        fi
      done
    done <<<"$directories"
    # NixOS looks for user units here; stdenv leaves such a link, too.
    if [[ -d $out/share/systemd/user && ! -e $out/lib/systemd/user ]]; then
      mkdir --parents "$out/lib/systemd"
      ln --symbolic ../../share/systemd/user "$out/lib/systemd/user"
    fi
    patchSystemdUnits
  '';

  meta = {
    description = "The units of ${package.name}, whose programs are store paths";
    platforms = lib.platforms.linux;
  };
}
