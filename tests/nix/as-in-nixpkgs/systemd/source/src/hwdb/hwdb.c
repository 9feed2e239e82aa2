static const char *usr(void) {
        return UDEVLIBEXECDIR;
}
