# A module of a NixOS: chrony as its package ships it. Nothing of nixpkgs is built anew; hermeticUnits is a small
# derivation with the patched units and integration files.
{ pkgs, ... }:
{
  nixpkgs.overlays = [ (import ../../nix-overlay) ];

  systemd.packages = [ (pkgs.hermeticUnits pkgs.chrony) ];
  services.dbus.packages = [ (pkgs.hermeticUnits pkgs.chrony) ];
  services.udev.packages = [ (pkgs.hermeticUnits pkgs.chrony) ];

  # NixOS reads no [Install] section: what starts at boot is said here.
  systemd.services.chronyd.wantedBy = [ "multi-user.target" ];

  # The package's own tmpfiles.d and sysusers.d are not read by NixOS' modules for users.
  users.groups.chrony = { };
  users.users.chrony = {
    isSystemUser = true;
    group = "chrony";
  };
}
