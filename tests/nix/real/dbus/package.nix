{ fromDebs, patchSystemdUnitsHook }:
fromDebs {
  name = "dbus";
  outputs = {
    out = [
      "dbus"
      "dbus-user-session"
    ];
    bin = [
      "dbus-bin"
      "dbus-daemon"
    ];
  };
  nativeBuildInputs = [ patchSystemdUnitsHook ];
}
