# nixpkgs' systemd is made for a system whose units, users and files NixOS generates: its own are in
# example, which nothing reads, and it starts itself and looks for files below /run/current-system.
# Here they are in lib again, and what is read is in /etc, in /usr/lib, where an image has the files
# of all packages, and in the package itself.
{
  checked,
  lib,
  withReplacements,
}:
{
  # The package that gettys start, and the shell of units: else the units name the image's
  # /usr/bin/agetty, and the shell of the hook. With them a shell may be in the closure, whatever
  # nixpkgs says.
  agetty ? null,
  shell ? null,
  # What /etc/os-release leads to: else the image's own.
  osRelease ? null,
}:
systemd:
systemd.overrideAttrs (
  old:
  let
    # Patches by parts of their names. Without them systemd looks where it does everywhere.
    notForImages = [
      # Units: in /nix/var and /etc only, not in /usr/lib.
      "NixOS-specific-unit-directories"
      # Time zones and keyboard layouts: in /etc only, not in /usr/share.
      "Change-usr-share-zoneinfo-to-etc-zoneinfo"
      "localectl-use-etc-X11-xkb"
      # Generators get the environment of PID 1: NixOS starts it with a PATH, a kernel does not.
      "inherit-systemd-environment-when-calling-generators"
    ];
    nameOf = patch: builtins.unsafeDiscardStringContext (patch.name or (baseNameOf (toString patch)));
    isForImages =
      patch: !builtins.any (part: builtins.match ".*${part}.*" (nameOf patch) != null) notForImages;

    here = withReplacements
      [
        "/run/current-system/systemd/"
        # pkttyagent, which depends on systemd.
        "/run/current-system/sw/"
      ]
      [
        "${placeholder "out"}/"
        "/usr/"
      ];
    # Some versions refuse a shell in their closure. Units that start /bin/sh then name that of the
    # image, unless it was asked for another one.
    refusesShell = old ? disallowedRequisites || old ? outputChecks;
    isShellWanted = agetty != null || shell != null;
    withoutRefusal = attributes: builtins.removeAttrs attributes [ "disallowedRequisites" ];
    shellNames = [
      "/bin/sh"
      "/usr/bin/sh"
      "sh"
    ];
    shellPath = if lib.isDerivation shell then "${shell}${shell.shellPath or "/bin/sh"}" else "${shell}";
  in
  here [
    "NIX_CFLAGS_COMPILE"
    "mesonFlags"
  ] old
  // lib.optionalAttrs (old ? env) {
    env = old.env // here [ "NIX_CFLAGS_COMPILE" ] old.env;
  }
  // {
    patches = builtins.filter isForImages (old.patches or [ ]);
    # After nixpkgs' own, whose results they change.
    postPatch = (old.postPatch or "") + "\n" + builtins.readFile ./systemd-sources.sh;
    preConfigure = (old.preConfigure or "") + "\n" + builtins.readFile ./systemd-catalogue.sh;
    postInstall = (old.postInstall or "") + "\n" + builtins.readFile ./systemd-install.sh;
    # Units of users stay where systemd was told that they are.
    dontMoveSystemdUserUnits = true;
    patchSystemdUnitsKeep =
      (old.patchSystemdUnitsKeep or [ ])
      ++ lib.optionals (shell == null && refusesShell) shellNames
      # It is made for the image.
      ++ [ "/usr/lib/udev/hwdb.bin" ];
    patchSystemdUnitsReplace =
      (old.patchSystemdUnitsReplace or [ ])
      ++ lib.optionals (shell != null) (map (name: "${name}=${shellPath}") shellNames);
    buildInputs = (old.buildInputs or [ ]) ++ lib.optional (agetty != null) (lib.getBin agetty);
  }
  // lib.optionalAttrs (osRelease != null) { relocateEtcToOutOsRelease = "${osRelease}"; }
  // lib.optionalAttrs (isShellWanted && old ? disallowedRequisites) { disallowedRequisites = [ ]; }
  // lib.optionalAttrs (isShellWanted && old ? outputChecks) {
    outputChecks = builtins.mapAttrs (_: withoutRefusal) old.outputChecks;
  }
  // checked ''
    refuseInVariant /run/current-system
    refuseInVariant /nix/var/nix/profiles
    refuseInVariant /etc/zoneinfo
    refuseInVariant /etc/X11/xkb
    refuseInVariant "$out/lib/udev/hwdb.bin" lib/systemd/system
    requireInVariant /usr/lib/systemd/system-shutdown lib/systemd/systemd-shutdown
    requireInVariant /usr/lib/systemd/system-sleep lib/systemd/systemd-sleep
  '' old
)
