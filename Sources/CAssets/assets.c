// Every file that travels inside the binary. TidyTests hold the list of migrations against the folder.
#include "assets.h"

static const unsigned char openapi_yaml[] = {
#embed "../../openapi.yaml"
};
static const unsigned char openapi_json[] = {
#embed "../../openapi.json"
};
static const unsigned char migration_0001[] = {
#embed "../../Migrations/0001_base.sql"
};
static const unsigned char migration_0002[] = {
#embed "../../Migrations/0002_identity.sql"
};

#define FILE_OF(path, bytes) {path, bytes, sizeof bytes}

static const kassets_file files[] = {
    FILE_OF("openapi.yaml", openapi_yaml),
    FILE_OF("openapi.json", openapi_json),
    FILE_OF("Migrations/0001_base.sql", migration_0001),
    FILE_OF("Migrations/0002_identity.sql", migration_0002),
    {0, 0, 0},
};

const kassets_file *kassets_files(void) { return files; }
