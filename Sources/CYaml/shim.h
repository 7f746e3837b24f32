// libyaml, for the tests that read openapi.yaml. Header only, no logic.
#pragma once
#include <yaml.h>
