# A package set like nixpkgs, of the machine's programs and the stdenv of these tests. What nixpkgs has
# no names for is in `config`, so that the set can be made once more with what `config` has.
{
  localSystem ? {
    system = builtins.currentSystem;
  },
  crossSystem ? localSystem,
  config ? { },
  overlays ? [ ],
}:
let
  lib = import ../lib.nix;
  inherit (localSystem) system;
  fromHost = import ../from-host.nix { inherit system; };

  inherit (config)
    # A Rust toolchain, as `rustc --print sysroot` has it; where cargo has its downloads, and where its
    # builds may be kept.
    rustToolchain
    rustVersion
    cargoHome
    cargoTarget
    ;
  # Whether the tools' own tests run in their builds: as in nixpkgs, but they have run already.
  checkTools = config.checkTools or false;
  # Real packages: a JSON file of the paths of .deb files by name, and whether the hooks do anything.
  debs = config.debs or null;
  patched = config.patched or true;
  # Sources: a JSON file of the paths of archives by name.
  sources = config.sources or null;
  # What makes images: a directory with the tools that assemble-image calls.
  tools = config.tools or null;

  packages = final: {
    inherit
      config
      lib
      patched
      system
      ;
    path = ./.;

    sources = builtins.mapAttrs (
      name: path:
      builtins.path {
        inherit path;
        name = "${name}-source";
      }
    ) (builtins.fromJSON (builtins.readFile sources));

    # On one platform these are all the same, as in nixpkgs.
    buildPackages = final;
    targetPackages = final;

    callPackage =
      file: arguments:
      let
        function = if lib.isFunction file then file else import file;
      in
      function (lib.intersectAttrs (lib.functionArgs function) final // arguments);

    bash = derivation {
      name = "bash";
      inherit system;
      builder = "/bin/bash";
      args = [
        "-c"
        ''
          set -e
          PATH=/usr/bin:/bin
          mkdir -p "$out/bin"
          cp --dereference /bin/bash "$out/bin/bash"
          ln -s bash "$out/bin/sh"
        ''
      ];
    };
    runtimeShell = "${final.bash}/bin/bash";
    coreutils = fromHost "coreutils" (lib.splitWords ''
      basename cat chmod chown cp cut date dirname echo env false head id install ln ls mkdir mktemp mv
      printf readlink realpath rm rmdir seq sleep sort tail tee test touch tr true uname wc
    '');
    findutils = fromHost "findutils" [
      "find"
      "xargs"
    ];
    diffutils = fromHost "diffutils" [
      "cmp"
      "diff"
    ];
    gnused = fromHost "gnused" [ "sed" ];
    gnugrep = fromHost "gnugrep" [ "grep" ];
    gnutar = fromHost "gnutar" [ "tar" ];
    gzip = fromHost "gzip" [ "gzip" ];
    dpkg = fromHost "dpkg" [ "dpkg-deb" ];
    pkgconf = fromHost "pkgconf" [ "pkg-config" ];
    patch = fromHost "patch" [ "patch" ];

    # The machine's compiler finds what belongs to it only where it is.
    gcc = derivation {
      name = "gcc";
      inherit system;
      builder = "/bin/bash";
      args = [
        "-c"
        ''
          set -e
          PATH=/usr/bin:/bin
          mkdir -p "$out/bin"
          for program in cc ld objcopy readelf strip; do
            printf '#!%s\nPATH=/usr/bin:/bin exec /usr/bin/%s "$@"\n' "$shell" "$program" >"$out/bin/$program"
            chmod +x "$out/bin/$program"
          done
        ''
      ];
      shell = final.runtimeShell;
    };

    stdenv = import ../stdenv {
      inherit lib localSystem;
      # Of an earlier stage: a package that stdenv has may be built by it.
      shell = bootstrap.runtimeShell;
      initialPath = [
        bootstrap.coreutils
        bootstrap.diffutils
        bootstrap.findutils
        bootstrap.gnused
        bootstrap.gnugrep
        bootstrap.gzip
        bootstrap.bash
      ];
      strictDepsByDefault = true;
      structuredAttrsByDefault = config.structuredAttrsByDefault or false;
    };
    stdenvNoCC = final.stdenv;

    # The files of Debian packages as an output, or as one output each.
    fromDebs =
      {
        name,
        outputs ? {
          out = [ name ];
        },
        nativeBuildInputs ? [ ],
        ...
      }@arguments:
      let
        files = builtins.fromJSON (builtins.readFile debs);
        deb =
          package:
          builtins.path {
            name = "${package}.deb";
            path = files.${package};
          };
      in
      final.stdenv.mkDerivation (
        arguments
        // {
          outputs = builtins.attrNames outputs;
          nativeBuildInputs = nativeBuildInputs ++ [
            final.dpkg
            final.gnutar
          ];
          dontUnpack = true;
          installPhase = lib.concatStrings (
            lib.concatLists (
              lib.mapAttrsToList (
                output: packages:
                map (package: ''
                  mkdir -p ${output}-files "''$${output}"
                  # Nix allows no build to set a setuid bit.
                  dpkg-deb --fsys-tarfile ${deb package} \
                    | tar --extract --no-same-owner --no-same-permissions --directory=${output}-files
                  cp --recursive --no-target-directory ${output}-files/usr "''$${output}"
                  if [[ -d ${output}-files/etc ]]; then
                    cp --recursive ${output}-files/etc "''$${output}/"
                  fi
                  rm -r ${output}-files
                '') packages
              ) outputs
            )
          );
          # What Debian has stripped, compressed and linked for its own layout is not the question.
          dontStrip = true;
          dontPatchShebangs = true;
          dontGzipMan = true;
          dontCheckForBrokenSymlinks = true;
          dontPatchSystemdUnits = !patched;
          dontRelocateEtcToOut = !patched;
        }
      );

    makeSetupHook =
      {
        name,
        substitutions ? { },
        propagatedBuildInputs ? [ ],
        passthru ? { },
        meta ? { },
      }:
      script:
      final.stdenv.mkDerivation {
        inherit name propagatedBuildInputs meta;
        passthru = passthru // {
          inherit substitutions;
        };
        __structuredAttrs = false;
        buildCommand = ''
          mkdir -p "$out/nix-support"
          cp ${script} "$out/nix-support/setup-hook"
          chmod +w "$out/nix-support/setup-hook"
          recordPropagated
        ''
        + lib.concatStrings (
          lib.mapAttrsToList (name: value: ''
            sed --in-place "s|@${name}@|${value}|g" "$out/nix-support/setup-hook"
          '') substitutions
        );
      };

    writeText =
      name: text:
      final.stdenv.mkDerivation {
        inherit name text;
        __structuredAttrs = true;
        buildCommand = ''
          printf %s "$text" >"$out"
        '';
      };
    writeTextDir =
      path: text:
      final.stdenv.mkDerivation {
        name = baseNameOf path;
        inherit text;
        __structuredAttrs = true;
        buildCommand = ''
          mkdir -p "$out/${dirOf path}"
          printf %s "$text" >"$out/${path}"
        '';
      };

    # Only the list of paths: Nix's description of a graph has for each path its name, its deriver, how
    # many paths it refers to, and these.
    closureInfo =
      { rootPaths }:
      final.stdenv.mkDerivation {
        name = "closure-info";
        __structuredAttrs = false;
        exportReferencesGraph = lib.concatLists (
          lib.imap0 (index: path: [
            "closure-${toString index}"
            path
          ]) rootPaths
        );
        buildCommand = ''
          mkdir "$out"
          for graph in closure-*; do
            while IFS= read -r path && IFS= read -r deriver && IFS= read -r count; do
              echo "$path"
              for ((; count > 0; count--)); do
                IFS= read -r reference
              done
            done <"$graph"
          done | LC_ALL=C sort --unique >"$out/store-paths"
        '';
      };

    # Tools that are not in the store, but of the versions that images need.
    fromTools =
      name: programs:
      final.stdenv.mkDerivation {
        inherit name programs;
        tools = if tools == null then throw "images need `tools`" else tools;
        dontUnpack = true;
        __structuredAttrs = false;
        installPhase = ''
          mkdir -p "$out/bin"
          for program in $programs; do
            test -x "$tools/$program"
            printf '#!%s\nexec %s "$@"\n' "$SHELL" "$tools/$program" >"$out/bin/$program"
            chmod +x "$out/bin/$program"
          done
        '';
        SHELL = final.runtimeShell;
      };
    cryptsetup = final.fromTools "cryptsetup" [ "veritysetup" ];
    dosfstools = final.fromTools "dosfstools" [ "mkfs.vfat" ];
    erofs-utils = final.fromTools "erofs-utils" [
      "fsck.erofs"
      "mkfs.erofs"
    ];
    mtools = final.fromTools "mtools" [
      "mcopy"
      "mmd"
    ];
    systemdUkify =
      let
        package = final.fromTools "systemd-ukify" [
          "journalctl"
          "systemctl"
          "systemd-dissect"
          "systemd-firstboot"
          "systemd-hwdb"
          "systemd-repart"
          "systemd-sysusers"
          "systemd-tmpfiles"
          "ukify"
        ];
      in
      package // { override = _: package; };

    # Programs that need nothing, not even a loader.
    staticPrograms =
      name: programs:
      final.stdenv.mkDerivation {
        inherit name programs;
        __structuredAttrs = false;
        nativeBuildInputs = [ final.gcc ];
        dontUnpack = true;
        installPhase = ''
          mkdir -p "$out/bin"
          echo 'int main(void) { return 0; }' >program.c
          for program in $programs; do
            cc -static -o "$out/bin/$program" program.c
          done
        '';
      };
    dash = final.staticPrograms "dash" [ "dash" ] // {
      shellPath = "/bin/dash";
    };
    procps = final.staticPrograms "procps" [ "sysctl" ];
    util-linux = final.staticPrograms "util-linux" [
      "agetty"
      "login"
      "wall"
    ];

    # As nixpkgs has them, as far as an image is concerned.
    systemd =
      let
        make = inputs: final.callPackage ../as-in-nixpkgs/systemd inputs;
      in
      make { } // { override = make; };
    dbus = final.callPackage ../as-in-nixpkgs/dbus.nix { };
    kmod_31 = final.callPackage ../as-in-nixpkgs/kmod.nix { version = "31"; };
    kmod =
      if tools == null then
        final.callPackage ../as-in-nixpkgs/kmod.nix { }
      else
        final.fromTools "kmod" [ "depmod" ];
    polkit = final.callPackage ../as-in-nixpkgs/polkit.nix { };

    # As nixpkgs has them, as far as their own patches of units are concerned.
    iwd = final.callPackage ../as-in-nixpkgs/iwd.nix { };
    light = final.callPackage ../as-in-nixpkgs/light.nix { };
    nfs-utils = final.callPackage ../as-in-nixpkgs/nfs-utils.nix { };
    ydotool = final.callPackage ../as-in-nixpkgs/ydotool.nix { };

    rustc.version = rustVersion;
    rustPlatform.buildRustPackage =
      arguments@{
        pname,
        cargoLock,
        cargoBuildFlags ? [ ],
        cargoTestFlags ? cargoBuildFlags,
        ...
      }:
      final.stdenv.mkDerivation (
        builtins.removeAttrs arguments [ "cargoLock" ]
        // {
          __structuredAttrs = false;
          inherit (cargoLock) lockFile;
          # nixpkgs reads it to fetch what it names.
          packages = builtins.length (lib.importTOML cargoLock.lockFile).package;
          configurePhase = ''
            cmp "$lockFile" Cargo.lock
            export PATH=${rustToolchain}/bin:$PATH:/usr/bin:/bin HOME=$TMPDIR
            export CARGO_HOME=${cargoHome} CARGO_TARGET_DIR=${cargoTarget}
          '';
          buildPhase = ''
            runHook preBuild
            cargo build --release --locked --offline ${lib.escapeShellArgs cargoBuildFlags}
          '';
          installPhase = ''
            install -D --target-directory="$out/bin" "$CARGO_TARGET_DIR/release/$pname"
          '';
          doInstallCheck = checkTools;
          installCheckPhase = ''
            cargo test --release --locked --offline ${lib.escapeShellArgs cargoTestFlags}
          '';
        }
      );
  };

  bootstrap = lib.fix packages;
in
assert crossSystem == localSystem;
lib.fix (builtins.foldl' (base: overlay: lib.extends overlay base) packages overlays)
