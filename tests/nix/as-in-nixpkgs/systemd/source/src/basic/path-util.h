#define DEFAULT_PATH "/usr/local/bin:/usr/bin"
