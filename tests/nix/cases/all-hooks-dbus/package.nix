{ dbus, withAllHooks }: withAllHooks dbus
