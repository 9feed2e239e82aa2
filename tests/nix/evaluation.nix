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
        outPath = "/nix/store/made";
        out = drv;
      };
    in
    drv;

  # All that the overlay needs of a nixpkgs, whichever year it is from.
  needed = final: {
    inherit lib;
    makeSetupHook = arguments: script: made "makeSetupHook" arguments // { inherit script; };
    rustPlatform.buildRustPackage = made "buildRustPackage";
    rustc.version = "1.90.0";
    stdenv.mkDerivation = made "mkDerivation";
    stdenvNoCC.mkDerivation = made "mkDerivation";
    buildPackages = final;
    targetPackages.runtimeShell = "/nix/store/bash/bin/bash";
    # The package that everything else would need: nothing here may.
    hello = made "mkDerivation" {
      name = "hello-1.0";
      outPath = "/nix/store/hello";
      overrideAttrs = change: final.hello // change { nativeBuildInputs = [ "own" ]; };
    };
  };

  # Everything else that a nixpkgs has throws.
  traps = lib.genAttrs (lib.splitWords ''
      acl bash bashInteractive binutils callPackage cargo coreutils cryptsetup curl dbus
      dbus-broker erofs-utils fetchurl findutils gcc glibc gnugrep gnused kmod libcap nixos
      openssl pam pkg-config polkit python3 runCommand runtimeShell shadow stdenvNoLibs
      substituteAll systemd systemdLibs systemdMinimal udev util-linux writeShellScript
      writeText
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
        set.rewritePkgConfigPrefixHook
      ];
    in
    [
      (toString hermetic.nativeBuildInputs)
      units.buildCommand
      (map toString units.buildInputs)
      tool.preBuild
      tool.src.outPath
      tool.meta
      set.rewrite-pkgconfig-prefix.preBuild
      set.rewrite-pkgconfig-prefix.src.outPath
      (map (hook: hook.substitutions) hooks)
      (map (hook: hook.meta) hooks)
      (map (hook: builtins.mapAttrs (_: check: check.installPhase) hook.passthru.tests) hooks)
    ];
  isFine = value: (builtins.tryEval (builtins.deepSeq value true)).success;

  names = builtins.attrNames (overlay (throw "final") (throw "prev"));
in
{
  "its names are known before any package" = names == [
    "hermeticUnits"
    "patch-systemd-units"
    "patchSystemdUnitsHook"
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
  "the tool is built by prev" =
    let
      final = {
        rustPlatform = throw "final.rustPlatform";
        rustc = throw "final.rustc";
        lib = throw "final.lib";
      };
    in
    isFine (overlay final plain).patch-systemd-units.src.outPath;

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
        buildPackages.rewritePkgConfigPrefixHook = "the build platform's own";
      });
    in
    (set.withHermeticHooks set.hello).nativeBuildInputs == [
      "own"
      "the build platform's"
      "the build platform's own"
    ];
  "the shell is that of the platform that packages are for" =
    (packages (_: { targetPackages.runtimeShell = "/target/bash"; }))
    .patchSystemdUnitsHook.substitutions.runtimeShell == "/target/bash";
  "a hook for no platform evaluates until its shell is asked for" =
    let
      hook = (packages (_: { targetPackages = { }; })).patchSystemdUnitsHook;
    in
    isFine hook.meta && !isFine hook.substitutions;

  "with an old Rust the tool evaluates until it is built" =
    let
      tool = (packages (_: { rustc.version = "1.77.2"; })).patch-systemd-units;
    in
    isFine tool.meta && isFine tool.version && !isFine tool.preBuild;
  "with Rust 1.90 and newer it is built" =
    isFine plain.patch-systemd-units.preBuild
    && isFine (packages (_: { rustc.version = "1.100.0"; })).patch-systemd-units.preBuild;

  "default.nix has the same names" =
    let
      extended = plain // {
        extend = _: plain;
      };
    in
    builtins.attrNames (import ../../default.nix { pkgs = extended; }) == names;
  "the flake has the overlay" =
    builtins.attrNames (((import ../../flake.nix).outputs { }).overlays.default (throw "") (throw ""))
    == names;
}
