static const char *generator_path(const char *path) {
        return path;
}
