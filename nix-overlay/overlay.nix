# An overlay on nixpkgs: the tools, their setup hooks, and what is made of both. It changes no
# package. docs/hooks.md and docs/images-in-nix.md say how to use it.
{
  # toolPackages PREV PLATFORM: the package set, for the platform, that the tools, the hooks and the
  # shell come from. It must not have packages that use the hooks: those of `final` and `prev` may.
  toolPackages ? import ./unchanged.nix,
}:
final: prev:
let
  tools = import ./tools.nix;
  toolsFor = toolPackages prev;
  own = toolsFor prev.stdenv.hostPlatform;
  # A hook runs on this set's platform, and what it fixes on the one that the set makes packages for.
  target =
    if prev.stdenv.targetPlatform == prev.stdenv.hostPlatform then
      own
    else
      toolsFor prev.stdenv.targetPlatform;
  withHook = builtins.filter (name: tools.${name} ? hook) (builtins.attrNames tools);

  package =
    name:
    import ./package.nix {
      inherit (own) lib rustPlatform rustc;
      inherit name;
      tool = tools.${name};
    };

  # A build takes the hook from its buildPackages, so that the tool runs there.
  hook =
    name:
    let
      inherit (tools.${name}) hook description;
    in
    own.makeSetupHook {
      name = "${name}-hook";
      substitutions = hook.substitutions final target // {
        hermeticFixups = ../hooks/hermetic-fixups.sh;
      };
      meta = {
        description = "Setup hook: ${description}";
        inherit (final.${name}.meta) license platforms;
      };
      passthru.tests = import (./checks + "/${name}.nix") {
        inherit (final) stdenv;
        hook = final.${hook.attribute};
      };
    } (../hooks + "/${name}.sh");

  # For images. From `prev`: other packages keep what they are built with.
  variants = import ./variants { inherit (prev) lib; };
  variant = name: final.withHermeticHooks (variants.${name} prev.${name});
  # With further arguments, beside those of systemd's own expression.
  systemdVariant =
    systemd:
    let
      own = builtins.functionArgs variants.systemd;
      make =
        arguments:
        let
          # libkmod is in systemd, too.
          others = {
            kmod = final.hermeticKmod;
          }
          // builtins.removeAttrs arguments (builtins.attrNames own);
          # What cannot be overridden keeps its kmod.
          package = if systemd ? override then systemd.override others else systemd;
        in
        final.withHermeticHooks (variants.systemd (builtins.intersectAttrs own arguments) package);
    in
    prev.lib.makeOverridable make { };
  # A nixpkgs that has it no more may say so by an alias that throws.
  systemdUkify = builtins.tryEval (prev.systemdUkify or (throw "nixpkgs has no systemdUkify"));
in
builtins.mapAttrs (name: _: package name) tools
// builtins.listToAttrs (
  map (name: {
    name = tools.${name}.hook.attribute;
    value = hook name;
  }) withHook
)
// {
  # withHermeticHooks PACKAGE: the package, built with all hooks that fix something.
  withHermeticHooks =
    package:
    package.overrideAttrs (old: {
      nativeBuildInputs =
        (old.nativeBuildInputs or [ ])
        ++ map (name: final.buildPackages.${tools.${name}.hook.attribute}) (
          builtins.filter (name: !(tools.${name}.hook.isOptional or false)) withHook
        );
    });

  # hermeticUnits PACKAGE: nothing but the package's units and integration files, patched, for the
  # package as it is.
  hermeticUnits = import ./hermetic-units.nix {
    inherit (prev) lib;
    inherit (final) stdenvNoCC buildPackages;
  };

  # systemd.pc and udev.pc without systemd, for what systemd itself needs.
  systemdPc = import ./systemd-pc.nix {
    inherit (prev) lib;
    inherit (final) stdenvNoCC buildPackages systemd;
  };

  # lintStorePath PATH: what the lint has to know of a package's output, as a derivation.
  # lintClosure { packages, … }: what is wrong in all that packages need.
  inherit
    (import ./lint.nix {
      inherit (prev) lib;
      inherit (final) stdenvNoCC buildPackages closureInfo;
    })
    lintStorePath
    lintClosure
    ;

  # hermeticImage { packages, … }: an image that boots.
  hermeticImage = import ./hermetic-image.nix {
    inherit (prev) lib;
    inherit (final)
      stdenv
      stdenvNoCC
      buildPackages
      closureInfo
      writeText
      writeTextDir
      ;
  };

  # The packages that a running NixOS is a part of, for images.
  hermeticDbus = variant "dbus";
  hermeticKmod = variant "kmod";
  hermeticPolkit = variant "polkit";
  hermeticSystemd = systemdVariant prev.systemd;
  # With ukify: it needs Python, and belongs to what makes images rather than into them.
  hermeticSystemdUkify = systemdVariant (
    if systemdUkify.success then systemdUkify.value else prev.systemd.override { withUkify = true; }
  );

  # For `linux.override { structuredExtraConfig = hermeticKernelConfig; }`.
  hermeticKernelConfig = import ./kernel-config.nix { inherit (prev) lib; };
}
