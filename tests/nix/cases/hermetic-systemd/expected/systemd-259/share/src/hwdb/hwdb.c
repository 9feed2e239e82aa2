static const char *usr(void) {
        return "/usr/lib/udev";
}
