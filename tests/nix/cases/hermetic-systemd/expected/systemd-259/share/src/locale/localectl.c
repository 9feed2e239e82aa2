static const char *layouts = "/usr/share/X11/xkb/rules/base.lst";
