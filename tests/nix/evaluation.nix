# What the overlay may touch while it is evaluated: each attribute is a sentence, and must be true.
let
  lib = import ./lib.nix;
  overlay = import ../../nix-overlay;

  # A derivation that remembers how it was made.
  made =
    by: arguments:
    let
      drv = arguments // {
        inherit by;
        type = "derivation";
        name = arguments.name or arguments.pname;
        outPath = arguments.outPath or "/nix/store/made";
        out = drv;
      };
    in
    drv;

  platform = {
    system = "x86_64-linux";
    linux-kernel.target = "bzImage";
  };
  other.system = "aarch64-linux";

  # All that the overlay needs of a nixpkgs, whichever year it is from. The tools come from its path.
  needed = final: {
    inherit lib;
    path = ./stages;
    config = { };
    stdenv.mkDerivation = made "mkDerivation";
    stdenv.buildPlatform = platform;
    stdenv.hostPlatform = platform;
    stdenv.targetPlatform = platform;
    stdenvNoCC.mkDerivation = made "mkDerivation";
    buildPackages = final;
    # The package that everything else would need: nothing here may.
    hello = made "mkDerivation" {
      name = "hello-1.0";
      outPath = "/nix/store/hello";
      overrideAttrs = change: final.hello // change { nativeBuildInputs = [ "own" ]; };
    };
  };

  # What images need beyond that.
  image = final: {
    closureInfo = { rootPaths }: made "closureInfo" { name = "closure"; inherit rootPaths; };
    writeText = name: text: made "writeText" { inherit name text; };
    writeTextDir = path: text: made "writeTextDir" { name = baseNameOf path; inherit text; };
    cryptsetup = made "mkDerivation" { name = "cryptsetup"; };
    dosfstools = made "mkDerivation" { name = "dosfstools"; };
    erofs-utils = made "mkDerivation" { name = "erofs-utils"; };
    mtools = made "mkDerivation" { name = "mtools"; };
    kmod = overridable { name = "kmod-34"; mesonFlags = [ "-Dmodulesdirs=${nixosModules}/lib/modules" ]; };
    dbus = overridable { name = "dbus-1.16"; mesonFlags = [ "--datadir=/etc" ]; };
    polkit = overridable { name = "polkit-126"; postInstall = "mv /run/current-system/sw/share share"; };
    systemd = overridable { name = "systemd-259"; };
  };
  nixosModules = "/run/booted-system/kernel-modules/lib/modules,/run/current-system/kernel-modules";

  # A package whose attributes and arguments can be overridden.
  overridable =
    attributes:
    made "mkDerivation" (
      attributes
      // {
        override = arguments: overridable (attributes // { inherit arguments; });
        overrideAttrs =
          change: overridable (attributes // (if builtins.isFunction change then change attributes else change));
      }
    );

  # Everything else that a nixpkgs has throws.
  traps = lib.genAttrs (lib.splitWords ''
      acl bash bashInteractive binutils callPackage cargo closureInfo coreutils cryptsetup curl dbus
      dbus-broker dosfstools erofs-utils fetchurl findutils gcc glibc gnugrep gnused kmod libcap linux
      mtools nixos
      makeSetupHook openssl pam pkg-config polkit python3 runCommand runtimeShell rustPlatform rustc shadow
      stdenvNoLibs substituteAll systemd systemdLibs systemdMinimal targetPackages udev util-linux writeShellScript
      writeText writeTextDir
  '') (name: throw "the overlay touches ${name}");

  packages = more: lib.fix (lib.extends overlay (final: traps // needed final // more final));
  plain = packages (_: { });

  # Everything the overlay adds, evaluated to its last attribute; functions are called.
  evaluated =
    set:
    let
      hermetic = set.withHermeticHooks set.hello;
      units = set.hermeticUnits set.hello;
      tool = set.patch-systemd-units;
      hooks = [
        set.patchSystemdUnitsHook
        set.relocateEtcToOutHook
        set.rewritePkgConfigPrefixHook
        set.lintStorePathHook
      ];
      assembler = set.assemble-image;
    in
    [
      set.hermeticKernelConfig
      assembler.src.outPath
      assembler.cargoTestFlags
      assembler.meta
      (toString hermetic.nativeBuildInputs)
      (set.lintStorePath set.hello).buildCommand
      units.buildCommand
      (map toString units.buildInputs)
      tool.preBuild
      tool.src.outPath
      tool.meta
      set.relocate-etc-to-out.preBuild
      set.relocate-etc-to-out.src.outPath
      set.rewrite-pkgconfig-prefix.preBuild
      set.rewrite-pkgconfig-prefix.src.outPath
      (map (hook: hook.substitutions) hooks)
      (map (hook: hook.meta) hooks)
      (map (hook: builtins.mapAttrs (_: check: check.installPhase) hook.passthru.tests) hooks)
    ];
  isFine = value: (builtins.tryEval (builtins.deepSeq value true)).success;

  imagePackages = more: packages (final: image final // more final);
  withImages = imagePackages (_: { });
  refusingShells = imagePackages (_: {
    systemd = overridable {
      name = "systemd-259";
      outputChecks.out = {
        disallowedRequisites = [ "bash" ];
        maxSize = 1;
      };
    };
  });
  anImage =
    set: more:
    set.hermeticImage (
      {
        packages = [ set.hello ];
        kernel = overridable {
          name = "linux-6.12";
          modDirVersion = "6.12.1";
          outPath = "/nix/store/linux";
        };
      }
      // more
    );
  argumentsOf = more: (anImage withImages more).assembleImageArguments;
  # What follows an option.
  valuesOf =
    option: arguments:
    lib.concatLists (
      lib.imap0 (
        index: word: lib.optional (word == option) (builtins.elemAt arguments (index + 1))
      ) arguments
    );

  # Every package of a set, bash and Rust included, with every hook.
  everythingHooked =
    final: prev:
    lib.genAttrs (import ./stages { localSystem = platform; }).packageNames (
      name:
      (final.withHermeticHooks prev.${name}).overrideAttrs (old: {
        nativeBuildInputs = old.nativeBuildInputs ++ [ final.buildPackages.lintStorePathHook ];
      })
    );

  names = builtins.attrNames (overlay (throw "final") (throw "prev"));

  toolNames = builtins.attrNames (import ../../nix-overlay/tools.nix);
  # The examples on a nixpkgs that has their packages.
  fromExample =
    let
      nixpkgs =
        { overlays }:
        let
          original = {
            chrony = made "mkDerivation" {
              name = "chrony-4";
              overrideAttrs = change: made "mkDerivation" ({ name = "chrony-4"; } // change { });
            };
            openssh = original.chrony;
          };
          final = builtins.foldl' (prev: next: prev // next final prev) (
            traps // needed final // original
          ) overlays;
        in
        final;
    in
    import ../../examples/overlay { inherit nixpkgs; };
  module = import ../../examples/nixos/configuration.nix {
    pkgs = plain // {
      chrony = plain.hello;
    };
  };
  # The flake on a nixpkgs that has what a flake wants beside the overlay.
  flake = (import ../../flake.nix).outputs {
    self = flake;
    nixpkgs.legacyPackages = {
      aarch64-linux = forFlake;
      x86_64-linux = forFlake;
    };
  };
  forFlake =
    packages (_: {
      symlinkJoin = made "symlinkJoin";
      mkShell = arguments: arguments;
      cargo = made "mkDerivation" { name = "cargo"; };
      clippy = made "mkDerivation" { name = "clippy"; };
      rustfmt = made "mkDerivation" { name = "rustfmt"; };
      shellcheck = made "mkDerivation" { name = "shellcheck"; };
      shfmt = made "mkDerivation" { name = "shfmt"; };
    })
    // {
      extend = _: forFlake;
    };
in
{
  "its names are known before any package" = names == [
    "assemble-image"
    "hermeticDbus"
    "hermeticImage"
    "hermeticKernelConfig"
    "hermeticKmod"
    "hermeticPolkit"
    "hermeticSystemd"
    "hermeticSystemdUkify"
    "hermeticUnits"
    "lint-store-path"
    "lintClosure"
    "lintStorePath"
    "lintStorePathHook"
    "patch-systemd-units"
    "patchSystemdUnitsHook"
    "relocate-etc-to-out"
    "relocateEtcToOutHook"
    "rewrite-pkgconfig-prefix"
    "rewritePkgConfigPrefixHook"
    "systemdPc"
    "withHermeticHooks"
  ];
  "it replaces nothing" = lib.intersectAttrs (overlay plain plain) (traps // needed plain) == { };
  "all of it evaluates where everything else throws" = isFine (evaluated plain);

  # The recursion that an overlay easily makes: systemd needs the hook, the hook needs the tool.
  "systemd can be patched while final.systemd throws" =
    let
      set = packages (_: { });
      prev = made "mkDerivation" {
        name = "systemd-259";
        overrideAttrs = change: change { };
      };
      patched = set.withHermeticHooks prev;
    in
    isFine (map (hook: hook.substitutions) patched.nativeBuildInputs);
  "the tools, the hooks and the shell come from a set of the same path and configuration without changes" =
    let
      set = packages (_: {
        config = {
          versions.rustc = "1.99.0";
          packageOverrides = throw "what the configuration changes";
        };
      });
      unchanged = import ./stages { localSystem = platform; };
    in
    (set.patch-systemd-units.preBuild or "") == ""
    && map toString set.patch-systemd-units.nativeBuildInputs == map toString [
      unchanged.rustc
      unchanged.cargo
    ]
    && set.patchSystemdUnitsHook.substitutions.runtimeShell == unchanged.runtimeShell;
  "that set is evaluated when a hook is used, and not before" =
    let
      set = packages (_: {
        path = throw "the path is used";
      });
      hooked = set.withHermeticHooks set.hello;
    in
    isFine hooked.name && isFine set.hermeticKernelConfig && !isFine (toString hooked.nativeBuildInputs);
  "who pins the tools gives their package set, by platform" =
    let
      pinned = import ../../nix-overlay/overlay.nix {
        toolPackages =
          prev: wanted:
          assert prev.stdenv.buildPlatform == platform;
          import ./stages { localSystem = wanted; }
          // {
            runtimeShell = "/pinned/${wanted.system}/bash";
          };
      };
      set = lib.fix (
        lib.extends pinned (
          final:
          traps
          // needed final
          // {
            path = throw "the path is used";
            stdenv = (needed final).stdenv // {
              targetPlatform = other;
            };
          }
        )
      );
    in
    set.patchSystemdUnitsHook.substitutions.runtimeShell == "/pinned/aarch64-linux/bash"
    && set.patch-systemd-units.platform == platform;

  # Bash needs the hook, the hook the tool, the tool Rust, Rust curl, curl openssl …
  "every package of a set may use every hook" =
    let
      set = import ./stages {
        localSystem = platform;
        overlays = [
          overlay
          everythingHooked
        ];
      };
    in
    isFine (map (name: set.${name}.outPath) set.packageNames)
    && builtins.all (name: builtins.length set.${name}.nativeBuildInputs == 4) set.packageNames;
  "and so it is on two platforms" =
    let
      set = import ./stages {
        localSystem = platform;
        crossSystem = other;
        overlays = [
          overlay
          everythingHooked
        ];
      };
      hook = set.buildPackages.patchSystemdUnitsHook;
    in
    isFine (
      map (name: [
        set.${name}.outPath
        set.buildPackages.${name}.outPath
      ]) set.packageNames
    )
    && builtins.elem hook.outPath (map toString set.bash.nativeBuildInputs)
    # The tool runs here, and the shell there.
    && set.buildPackages.patch-systemd-units.platform == platform
    && set.patch-systemd-units.platform == other
    &&
      hook.substitutions.runtimeShell == (import ./stages {
        localSystem = platform;
        crossSystem = other;
      }).runtimeShell;
  "the overlay changes no package of a set" =
    let
      set = import ./stages { localSystem = platform; };
      changed = import ./stages {
        localSystem = platform;
        overlays = [ overlay ];
      };
    in
    builtins.all (name: set.${name}.outPath == changed.${name}.outPath) set.packageNames;

  # util-linux needs it, and systemd needs util-linux.
  "systemdPc takes nothing of systemd but its source" =
    let
      set = packages (_: {
        systemd = {
          src = "/source";
          version = "259";
          outPath = throw "systemd is built";
          buildInputs = throw "what systemd needs";
        };
      });
    in
    isFine [
      set.systemdPc.src
      set.systemdPc.version
      set.systemdPc.installPhase
      (toString set.systemdPc.nativeBuildInputs)
    ];

  "hooks are those of the build platform" =
    let
      set = packages (_: {
        buildPackages.patchSystemdUnitsHook = "the build platform's";
        buildPackages.relocateEtcToOutHook = "the build platform's second";
        buildPackages.rewritePkgConfigPrefixHook = "the build platform's third";
      });
    in
    (set.withHermeticHooks set.hello).nativeBuildInputs == [
      "own"
      "the build platform's"
      "the build platform's second"
      "the build platform's third"
    ];
  "with an old Rust the tool evaluates until it is built" =
    let
      tool = (packages (_: { config.versions.rustc = "1.77.2"; })).patch-systemd-units;
    in
    isFine tool.meta && isFine tool.version && !isFine tool.preBuild;
  "with Rust 1.90 and newer it is built" =
    isFine plain.patch-systemd-units.preBuild
    && isFine (packages (_: { config.versions.rustc = "1.100.0"; })).patch-systemd-units.preBuild;

  # Images.
  "an image needs nothing else of a nixpkgs" = isFine [
    (argumentsOf { })
    (map toString (anImage withImages { }).nativeBuildInputs)
    (anImage withImages { }).buildCommand
    (anImage withImages { }).meta
  ];
  "where there is no systemd, everything else evaluates" = isFine (evaluated plain);
  "a kernel of nixpkgs is taken by its image, a file as it is" =
    valuesOf "--kernel" (argumentsOf { }) == [ "/nix/store/linux/bzImage" ]
    && valuesOf "--kernel" (argumentsOf { kernel = "/nix/store/vmlinuz"; }) == [ "/nix/store/vmlinuz" ]
    && valuesOf "--kernel" (argumentsOf { kernel = null; }) == [ ];
  "a platform whose kernel has no known name asks for the file" =
    let
      set = imagePackages (final: {
        stdenv = (needed final).stdenv // {
          hostPlatform = { };
        };
      });
    in
    !isFine (anImage set { }).assembleImageArguments
    && isFine (anImage set { kernel = "/nix/store/vmlinuz"; }).assembleImageArguments;
  "text becomes a file, and none is given that was not" =
    valuesOf "--os-release" (argumentsOf { osRelease = "ID=x\n"; }) == [ "/nix/store/made" ]
    && valuesOf "--os-release" (argumentsOf { }) == [ ];
  "what stands for a list is given once for each" =
    valuesOf "--setuid" (argumentsOf {
      setuid = [
        "su"
        "sudo"
      ];
    }) == [
      "su"
      "sudo"
    ];
  "no tmpfs, and assemble-image's own choice of them, are two things" =
    !builtins.elem "--no-tmpfs" (argumentsOf { })
    && builtins.elem "--no-tmpfs" (argumentsOf { tmpfs = [ ]; })
    && valuesOf "--tmpfs" (argumentsOf { tmpfs = [ "/var" ]; }) == [ "/var" ];
  "an image is made by the tools of the build platform" =
    let
      set = imagePackages (final: {
        buildPackages = final // {
          assemble-image = "the build platform's";
        };
      });
    in
    builtins.elem "the build platform's" (anImage set { }).nativeBuildInputs;

  # The lint.
  "the facts of a package are those of its outputs, and of nothing else" =
    let
      linted = withImages.lintClosure { packages = [ withImages.hello ]; };
    in
    map (facts: facts.name) linted.passthru.facts == [ "hello-1.0-facts" ];
  "a lint that is to fail for nothing still makes its reports" =
    isFine [
      (withImages.lintClosure {
        packages = [ withImages.hello ];
        failOn = null;
        config = "/nix/store/lint.toml";
      }).buildCommand
      (withImages.lintClosure { packages = [ withImages.hello ]; }).lintArguments
    ];
  "packages with all hooks are not linted while they are built" =
    map (hook: hook.name or hook) (plain.withHermeticHooks plain.hello).nativeBuildInputs == [
      "own"
      "patch-systemd-units-hook"
      "relocate-etc-to-out-hook"
      "rewrite-pkgconfig-prefix-hook"
    ];

  # Users of an image.
  "a user is a package with a line for sysusers.d, and one for the home" =
    let
      users.alice = {
        uid = 1000;
        description = "100% \"Alice\"";
        home = "/home/alice";
        shell = overridable {
          name = "bash";
          outPath = "/nix/store/bash";
          shellPath = "/bin/bash";
        };
        groups = [ "wheel" ];
      };
      packages = (anImage withImages { inherit users; }).passthru.packages;
    in
    map (package: package.text or null) packages == [
      null
      "u alice 1000 \"100%% \\\"Alice\\\"\" /home/alice /nix/store/bash/bin/bash\nm alice wheel\n"
      "d /home/alice 0700 alice alice -\n"
    ];
  "who has a password has a file for it, root too" =
    valuesOf "--password" (argumentsOf {
      users.root.hashedPassword = "$y$";
      users.alice.hashedPasswordFile = "/nix/store/hash";
    }) == [
      "alice=/nix/store/hash"
      "root=/nix/store/made"
    ];
  "what no user can have is refused" =
    !isFine (argumentsOf { users.alice.hashedpassword = ""; })
    && !isFine (argumentsOf { users.root.shell = "/bin/sh"; })
    && !isFine (argumentsOf {
      users.alice = {
        hashedPassword = "";
        hashedPasswordFile = "/nix/store/hash";
      };
    });

  # Variants of packages for images.
  "a variant leaves out what a nixpkgs does not have" =
    let
      bare = builtins.attrNames (overridable { name = "x"; });
      added = package: builtins.attrNames (builtins.removeAttrs package (bare ++ [ "nativeBuildInputs" ]));
    in
    added withImages.hermeticKmod == [
      "mesonFlags"
      "preFixup"
      "rewritePkgConfigPrefixKeep"
    ]
    && added withImages.hermeticPolkit == [
      "postInstall"
      "preFixup"
    ]
    && added withImages.hermeticSystemd == [
      "arguments"
      "buildInputs"
      "dontMoveSystemdUserUnits"
      "patchSystemdUnitsKeep"
      "patchSystemdUnitsReplace"
      "patches"
      "postInstall"
      "postPatch"
      "preConfigure"
      "preFixup"
    ];
  "autoconf's options are changed as meson's are" =
    let
      set = imagePackages (_: {
        dbus = overridable {
          name = "dbus-1.14";
          configureFlags = [ "--datadir=/etc" ];
        };
      });
    in
    set.hermeticDbus.configureFlags == [ "--datadir=/usr/share" ];
  "systemd's own kmod is the variant" =
    withImages.hermeticSystemd.arguments.kmod.name == "kmod-34"
    && withImages.hermeticSystemd.arguments.kmod ? nativeBuildInputs;
  "a systemd that cannot be overridden keeps its own" =
    let
      set = imagePackages (_: {
        systemd = builtins.removeAttrs (overridable { name = "systemd-259"; }) [ "override" ];
      });
    in
    !(set.hermeticSystemd ? arguments) && isFine set.hermeticSystemd.postPatch;
  "a nixpkgs without systemdUkify has it made" =
    withImages.hermeticSystemdUkify.name == "systemd-259"
    && (imagePackages (_: { systemdUkify = overridable { name = "ukify"; }; })).hermeticSystemdUkify.name == "ukify"
    && (imagePackages (_: { systemdUkify = throw "removed"; })).hermeticSystemdUkify.name == "systemd-259";
  "fetched patches are told from files by name, and stay" =
    let
      patches = [
        ./0004-Add-some-NixOS-specific-unit-directories.patch
        (made "fetchpatch" { name = "fix.patch"; })
        "/nix/store/0013-inherit-systemd-environment-when-calling-generators.patch"
      ];
      set = imagePackages (_: {
        systemd = overridable {
          name = "systemd-257";
          inherit patches;
        };
      });
    in
    map (patch: patch.name) set.hermeticSystemd.patches == [ "fix.patch" ];
  "a systemd whose closure may have no shell keeps the name of the image's" =
    !builtins.elem "/bin/sh" withImages.hermeticSystemd.patchSystemdUnitsKeep
    && builtins.elem "/bin/sh" refusingShells.hermeticSystemd.patchSystemdUnitsKeep;
  "who gives the variant of systemd a shell or a getty has it in the closure" =
    let
      changed = refusingShells.hermeticSystemd.override {
        agetty = overridable { name = "util-linux"; };
        shell = overridable {
          name = "dash";
          outPath = "/nix/store/dash";
          shellPath = "/bin/dash";
        };
        osRelease = "/nix/store/os-release";
        withUkify = true;
      };
    in
    changed.patchSystemdUnitsKeep == [ "/usr/lib/udev/hwdb.bin" ]
    && builtins.elem "/bin/sh=/nix/store/dash/bin/dash" changed.patchSystemdUnitsReplace
    && map (input: input.name) changed.buildInputs == [ "util-linux" ]
    && changed.outputChecks.out == { maxSize = 1; }
    && changed.relocateEtcToOutOsRelease == "/nix/store/os-release"
    && builtins.attrNames changed.arguments == [
      "kmod"
      "withUkify"
    ];

  # The kernel's configuration.
  "every option of the kernel is set over what nixpkgs says, to yes" = builtins.all (
    option: option._type == "override" && option.content.tristate == "y"
  ) (builtins.attrValues plain.hermeticKernelConfig);

  "the example of an overlay builds its packages with the hooks" =
    map (hook: hook.name) fromExample.chrony.nativeBuildInputs == [
      "patch-systemd-units-hook"
      "relocate-etc-to-out-hook"
      "rewrite-pkgconfig-prefix-hook"
    ];
  "the example of a NixOS evaluates" =
    isFine module && map (units: units.by) module.systemd.packages == [ "mkDerivation" ];

  "default.nix has the same names" =
    let
      extended = plain // {
        extend = _: plain;
      };
    in
    builtins.attrNames (import ../../default.nix { pkgs = extended; }) == names;
  "the flake has the overlay" =
    builtins.attrNames (flake.overlays.default (throw "") (throw "")) == names;
  "the flake has each tool as a package and as an app, and all of them as one" =
    builtins.attrNames flake.packages.x86_64-linux
    == builtins.sort builtins.lessThan (
      builtins.attrNames flake.apps.x86_64-linux
      ++ [
        "default"
        "hermetic-out"
      ]
    )
    && map (tool: tool.pname) flake.packages.x86_64-linux.default.paths == toolNames
    && builtins.match ".*/bin/lint-store-path" flake.apps.x86_64-linux.lint-store-path.program != null;
  "the flake's checks are the tests of the hooks" =
    builtins.all (
      hook:
      builtins.any (check: builtins.match "${hook}-.*" check != null) (
        builtins.attrNames flake.checks.aarch64-linux
      )
    ) [
      "lint-store-path"
      "patch-systemd-units"
      "relocate-etc-to-out"
      "rewrite-pkgconfig-prefix"
    ];
  "the flake has a shell for working on it" = builtins.length flake.devShells.x86_64-linux.default.packages > 0;
}
