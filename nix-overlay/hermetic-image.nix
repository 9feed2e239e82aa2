# An image of packages, made by assemble-image: a build like any other, without root's rights.
# docs/images-in-nix.md explains the arguments.
{
  lib,
  stdenv,
  stdenvNoCC,
  buildPackages,
  closureInfo,
  writeTextDir,
  writeText,
}:
{
  name ? "hermetic-image",
  # What is linked into /usr and /etc, the first before the others.
  packages,
  # What is only stored: with what it needs, as packages are.
  storePaths ? [ ],
  # Trees that are put on top of the root.
  extra ? [ ],
  # ddi, bare, initrd or esp-file.
  layout ? "ddi",
  # lz4, zstd or none.
  compression ? "lz4",
  # A kernel of nixpkgs, or the file of one.
  kernel ? null,
  # The directory lib/modules/VERSION, if not all that the initrd needs is built in.
  modules ? null,
  # The file of an initrd, in place of one that is made from the packages.
  initrd ? null,
  # More for the kernel command line.
  cmdline ? [ ],
  # Users by name: see hermetic-image-users.nix.
  users ? { },
  # The numbers that users and groups must have: an output's users-pin.
  usersPin ? null,
  # Programs that get a setuid bit: PROGRAM[:MODE[:USER[:GROUP]]].
  setuid ? [ ],
  # Units to enable, as text of a systemd.preset(5) file.
  preset ? null,
  userPreset ? null,
  # Text of the image's os-release(5).
  osRelease ? null,
  hostname ? null,
  locale ? null,
  keymap ? null,
  timezone ? null,
  # transient, uninitialized, or an id.
  machineId ? null,
  # Directories that are a tmpfs; null for assemble-image's own choice, [ ] for none.
  tmpfs ? null,
  # Whether what the lint calls an error fails the build.
  lint ? true,
  # What the lint allows: RULE[:GLOB], and a file as docs/lint-configuration.md describes it.
  lintAllow ? [ ],
  lintConfig ? null,
  # Further options of assemble-image.
  assembleImageFlags ? [ ],
}:
let
  accounts = import ./hermetic-image-users.nix { inherit lib writeText writeTextDir name; } users;
  merged = packages ++ accounts.packages;

  # What a kernel of nixpkgs calls its image.
  kernelFile =
    kernel.target or stdenv.hostPlatform.linux-kernel.target
      or (throw "hermeticImage: it is not known what the kernel's image is called; give the file itself: kernel = \"\${linux}/bzImage\"");
  kernelImage = if lib.isDerivation kernel && kernel ? modDirVersion then "${kernel}/${kernelFile}" else kernel;

  each = option: values: lib.concatMap (value: [ option "${value}" ]) values;
  ifGiven = option: value: lib.optionals (value != null) [ option "${value}" ];
  fileIfGiven = option: file: text: lib.optionals (text != null) [ option "${writeText file text}" ];

  closure = closureInfo { rootPaths = merged ++ storePaths ++ extra; };
in
stdenvNoCC.mkDerivation {
  inherit name;

  # The tools run where the image is built, whatever it is for.
  nativeBuildInputs = [
    buildPackages.assemble-image
    buildPackages.hermeticSystemdUkify
    (lib.getBin buildPackages.cryptsetup)
    (lib.getBin buildPackages.dosfstools)
    (lib.getBin buildPackages.erofs-utils)
    (lib.getBin buildPackages.kmod)
    (lib.getBin buildPackages.mtools)
  ];
  strictDeps = true;
  # The image holds what it needs: it does not need the same paths in a store again.
  __structuredAttrs = true;
  unsafeDiscardReferences.out = true;

  assembleImageArguments = [
    "--store-dir"
    builtins.storeDir
    "--closure"
    "${closure}/store-paths"
    "--layout"
    layout
    "--compression"
    compression
  ]
  ++ each "--package" merged
  ++ each "--extra" extra
  ++ ifGiven "--kernel" kernelImage
  ++ ifGiven "--modules" modules
  ++ ifGiven "--initrd" initrd
  ++ each "--cmdline" cmdline
  ++ accounts.arguments
  ++ ifGiven "--users-pin" usersPin
  ++ each "--setuid" setuid
  ++ fileIfGiven "--preset" "${name}.preset" preset
  ++ fileIfGiven "--user-preset" "${name}-user.preset" userPreset
  ++ fileIfGiven "--os-release" "${name}-os-release" osRelease
  ++ ifGiven "--hostname" hostname
  ++ ifGiven "--locale" locale
  ++ ifGiven "--keymap" keymap
  ++ ifGiven "--timezone" timezone
  ++ ifGiven "--machine-id" machineId
  ++ (
    if tmpfs == null then
      [ ]
    else if tmpfs == [ ] then
      [ "--no-tmpfs" ]
    else
      each "--tmpfs" tmpfs
  )
  ++ lib.optionals (!lint) [ "--no-lint" ]
  ++ each "--lint-allow" lintAllow
  ++ ifGiven "--lint-config" lintConfig
  ++ assembleImageFlags;

  # assemble-image works beside its output: both are in Nix's, which goes away if the build fails.
  buildCommand = ''
    mkdir "$out"
    # No progress bar in the log.
    TERM=dumb assemble-image --output "$out/image" "''${assembleImageArguments[@]}"
    mv "$out"/image/* "$out/"
    rmdir "$out/image"
  '';

  passthru = {
    inherit closure kernel layout;
    packages = merged;
  };

  meta = {
    description = "A disk image of ${toString (builtins.length packages)} packages, made by assemble-image";
    platforms = lib.platforms.linux;
  };
}
