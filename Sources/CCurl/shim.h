// libcurl. C variadics are not imported, so each argument shape of setopt and getinfo has a static inline twin.
#pragma once
#include <curl/curl.h>
