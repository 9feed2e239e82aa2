# nixpkgs' dbus reads its configuration, and what packages add to it, from /etc/dbus-1, where NixOS
# generates both. An image has them in /usr/share/dbus-1, as packages ship them: without this, the
# bus does not start.
{ checked, withReplacements }:
dbus:
dbus.overrideAttrs (
  old:
  withReplacements
    [
      "--datadir=/etc"
      # The units are the package's, not the administrator's.
      "/etc/systemd/"
      # What dbus-launch starts is in the output that depends on it.
      "/run/current-system/sw/bin"
    ]
    [
      "--datadir=/usr/share"
      "/lib/systemd/"
      "/usr/bin"
    ]
    [
      "configureFlags"
      "mesonFlags"
      "postPatch"
    ]
    old
  // checked ''
    refuseInVariant /run/current-system
    refuseInVariant /etc/dbus-1/system.conf bin/dbus-daemon
  '' old
  // {
    # A store path cannot be setuid: assemble-image makes such a copy, if it is asked to.
    postInstall =
      (old.postInstall or "")
      + ''

        for file in "$out"/share/dbus-1/system.conf; do
          if [[ -f $file ]]; then
            sed --in-place \
              's|<servicehelper>.*</servicehelper>|<servicehelper>/usr/wrappers/bin/dbus-daemon-launch-helper</servicehelper>|' \
              "$file"
          fi
        done
      '';
  }
)
