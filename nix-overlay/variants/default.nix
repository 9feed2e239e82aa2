# Packages that are made for a running NixOS, made for an image instead: functions, by the names of
# the packages in nixpkgs. What a version of nixpkgs does not have is left as it is; what it has in another
# way than is known here fails the build.
#
# Not here, as they work in an image: linux-pam and shadow look for their setuid programs in
# /run/wrappers/bin, which the image has, and before anyone can log in; util-linux looks for mount
# helpers in /sbin, too.
{ lib }:
let
  # withReplacements FROM TO ATTRIBUTES OLD: those of the attributes that a derivation has, with text
  # replaced in them, be they strings or lists of strings.
  withReplacements =
    from: to: attributes: old:
    let
      replaced =
        value:
        if builtins.isString value then
          builtins.replaceStrings from to value
        else if builtins.isList value then
          map replaced value
        else
          value;
    in
    builtins.mapAttrs (_: replaced) (
      builtins.intersectAttrs (lib.genAttrs attributes (_: null)) old
    );

  # checked COMMANDS OLD: an attribute that has what was built looked at, with the functions of check.sh.
  checked = commands: old: {
    preFixup =
      (old.preFixup or "")
      + "\n"
      + builtins.readFile ./check.sh
      + ''

        checkVariant() {
        ${commands}}
      '';
  };
in
{
  dbus = import ./dbus.nix { inherit checked withReplacements; };
  kmod = import ./kmod.nix { inherit checked withReplacements; };
  polkit = import ./polkit.nix { inherit checked withReplacements; };
  systemd = import ./systemd.nix { inherit checked lib withReplacements; };
}
