// Every file that travels inside the binary. TidyTests hold the list of migrations against the folder.
#include "assets.h"

static const unsigned char openapi_yaml[] = {
#embed "../../openapi.yaml"
};
static const unsigned char openapi_json[] = {
#embed "../../openapi.json"
};
static const unsigned char alert_html[] = {
#embed "../../Web/alert.html"
};
static const unsigned char deposit_html[] = {
#embed "../../Web/deposit.html"
};
static const unsigned char password_html[] = {
#embed "../../Web/password.html"
};
static const unsigned char common_passwords[] = {
#embed "../../Assets/common-passwords.txt"
};
static const unsigned char migration_0001[] = {
#embed "../../Migrations/0001_base.sql"
};
static const unsigned char migration_0002[] = {
#embed "../../Migrations/0002_identity.sql"
};
static const unsigned char migration_0003[] = {
#embed "../../Migrations/0003_keys.sql"
};
static const unsigned char migration_0004[] = {
#embed "../../Migrations/0004_signals.sql"
};
static const unsigned char migration_0005[] = {
#embed "../../Migrations/0005_webhooks.sql"
};
static const unsigned char migration_0006[] = {
#embed "../../Migrations/0006_alerts.sql"
};
static const unsigned char migration_0007[] = {
#embed "../../Migrations/0007_partitions.sql"
};
static const unsigned char migration_0008[] = {
#embed "../../Migrations/0008_custody.sql"
};
static const unsigned char migration_0009[] = {
#embed "../../Migrations/0009_bootstrap_place.sql"
};
static const unsigned char migration_0010[] = {
#embed "../../Migrations/0010_rotation.sql"
};
static const unsigned char migration_0011[] = {
#embed "../../Migrations/0011_key_deletions.sql"
};
static const unsigned char migration_0012[] = {
#embed "../../Migrations/0012_blocked_rows.sql"
};
static const unsigned char migration_0013[] = {
#embed "../../Migrations/0013_restore.sql"
};
static const unsigned char migration_0014[] = {
#embed "../../Migrations/0014_label_runs.sql"
};
static const unsigned char migration_0015[] = {
#embed "../../Migrations/0015_signing.sql"
};
static const unsigned char migration_0016[] = {
#embed "../../Migrations/0016_egress.sql"
};
static const unsigned char migration_0017[] = {
#embed "../../Migrations/0017_policy_register.sql"
};
static const unsigned char migration_0018[] = {
#embed "../../Migrations/0018_away_mode.sql"
};
static const unsigned char migration_0019[] = {
#embed "../../Migrations/0019_prices.sql"
};
static const unsigned char migration_0020[] = {
#embed "../../Migrations/0020_authority.sql"
};
static const unsigned char migration_0021[] = {
#embed "../../Migrations/0021_sessions.sql"
};
static const unsigned char migration_0022[] = {
#embed "../../Migrations/0022_access_tokens.sql"
};
static const unsigned char migration_0023[] = {
#embed "../../Migrations/0023_openid.sql"
};
static const unsigned char migration_0024[] = {
#embed "../../Migrations/0024_leaving.sql"
};
static const unsigned char migration_0025[] = {
#embed "../../Migrations/0025_factors.sql"
};
static const unsigned char migration_0026[] = {
#embed "../../Migrations/0026_approvals.sql"
};
static const unsigned char migration_0027[] = {
#embed "../../Migrations/0027_sight.sql"
};
static const unsigned char migration_0028[] = {
#embed "../../Migrations/0028_ways_in.sql"
};
static const unsigned char migration_0029[] = {
#embed "../../Migrations/0029_proofs_and_standing.sql"
};
static const unsigned char migration_0030[] = {
#embed "../../Migrations/0030_delivery_terms.sql"
};
static const unsigned char migration_0031[] = {
#embed "../../Migrations/0031_channels.sql"
};
static const unsigned char migration_0032[] = {
#embed "../../Migrations/0032_rule_courses.sql"
};
static const unsigned char migration_0033[] = {
#embed "../../Migrations/0033_own_event_ids.sql"
};
static const unsigned char migration_0034[] = {
#embed "../../Migrations/0034_guessing.sql"
};
static const unsigned char migration_0035[] = {
#embed "../../Migrations/0035_ways_reset.sql"
};
static const unsigned char migration_0036[] = {
#embed "../../Migrations/0036_rule_actions.sql"
};
static const unsigned char migration_0037[] = {
#embed "../../Migrations/0037_rule_packs.sql"
};
static const unsigned char migration_0038[] = {
#embed "../../Migrations/0038_alert_life.sql"
};
static const unsigned char migration_0039[] = {
#embed "../../Migrations/0039_alert_telling.sql"
};
static const unsigned char migration_0040[] = {
#embed "../../Migrations/0040_weekly_openings.sql"
};
static const unsigned char migration_0041[] = {
#embed "../../Migrations/0041_tried_soon.sql"
};
static const unsigned char migration_0042[] = {
#embed "../../Migrations/0042_token_names.sql"
};
static const unsigned char migration_0043[] = {
#embed "../../Migrations/0043_freshness.sql"
};
static const unsigned char migration_0044[] = {
#embed "../../Migrations/0044_candle_feeds.sql"
};
static const unsigned char migration_0045[] = {
#embed "../../Migrations/0045_market.sql"
};
static const unsigned char migration_0046[] = {
#embed "../../Migrations/0046_backtests.sql"
};
static const unsigned char migration_0047[] = {
#embed "../../Migrations/0047_models.sql"
};
static const unsigned char migration_0048[] = {
#embed "../../Migrations/0048_analysis_state.sql"
};
static const unsigned char migration_0049[] = {
#embed "../../Migrations/0049_token_metrics.sql"
};
static const unsigned char migration_0050[] = {
#embed "../../Migrations/0050_market_breadth.sql"
};
static const unsigned char migration_0051[] = {
#embed "../../Migrations/0051_alert_flood.sql"
};
static const unsigned char migration_0052[] = {
#embed "../../Migrations/0052_signal_courses.sql"
};
static const unsigned char migration_0053[] = {
#embed "../../Migrations/0053_people.sql"
};
static const unsigned char migration_0054[] = {
#embed "../../Migrations/0054_market_closes.sql"
};
static const unsigned char migration_0055[] = {
#embed "../../Migrations/0055_feed_holes.sql"
};
static const unsigned char migration_0056[] = {
#embed "../../Migrations/0056_former_known.sql"
};
static const unsigned char migration_0057[] = {
#embed "../../Migrations/0057_market_revisions.sql"
};
static const unsigned char migration_0058[] = {
#embed "../../Migrations/0058_account_modes.sql"
};
static const unsigned char migration_0059[] = {
#embed "../../Migrations/0059_delivery_lines.sql"
};
static const unsigned char migration_0060[] = {
#embed "../../Migrations/0060_signals.sql"
};
static const unsigned char migration_0061[] = {
#embed "../../Migrations/0061_secret_reveals.sql"
};
static const unsigned char migration_0062[] = {
#embed "../../Migrations/0062_alert_counts.sql"
};
static const unsigned char migration_0063[] = {
#embed "../../Migrations/0063_authority_hold.sql"
};
static const unsigned char migration_0064[] = {
#embed "../../Migrations/0064_alert_cause.sql"
};
static const unsigned char migration_0065[] = {
#embed "../../Migrations/0065_knocks.sql"
};
static const unsigned char migration_0066[] = {
#embed "../../Migrations/0066_market_past.sql"
};
static const unsigned char migration_0067[] = {
#embed "../../Migrations/0067_clock_changes.sql"
};
static const unsigned char migration_0068[] = {
#embed "../../Migrations/0068_candle_bounds.sql"
};
static const unsigned char migration_0069[] = {
#embed "../../Migrations/0069_sentiment_opens.sql"
};
static const unsigned char migration_0070[] = {
#embed "../../Migrations/0070_investor_news.sql"
};
static const unsigned char migration_0071[] = {
#embed "../../Migrations/0071_builds.sql"
};
static const unsigned char migration_0072[] = {
#embed "../../Migrations/0072_alert_flap_held.sql"
};
static const unsigned char migration_0073[] = {
#embed "../../Migrations/0073_month_tables.sql"
};
static const unsigned char migration_0074[] = {
#embed "../../Migrations/0074_use_months.sql"
};
static const unsigned char migration_0075[] = {
#embed "../../Migrations/0075_circuit_epoch.sql"
};
static const unsigned char migration_0076[] = {
#embed "../../Migrations/0076_write_probe.sql"
};
static const unsigned char migration_0077[] = {
#embed "../../Migrations/0077_use_symbols.sql"
};
static const unsigned char migration_0078[] = {
#embed "../../Migrations/0078_use_symbols_index.sql"
};
static const unsigned char pack_exchange[] = {
#embed "../../Packs/exchange.json"
};
static const unsigned char pack_keys[] = {
#embed "../../Packs/keys.json"
};
static const unsigned char pack_market[] = {
#embed "../../Packs/market.json"
};
static const unsigned char pack_people[] = {
#embed "../../Packs/people.json"
};

#define FILE_OF(path, bytes) {path, bytes, sizeof bytes}

static const kassets_file files[] = {
    FILE_OF("openapi.yaml", openapi_yaml),
    FILE_OF("openapi.json", openapi_json),
    FILE_OF("Web/alert.html", alert_html),
    FILE_OF("Web/deposit.html", deposit_html),
    FILE_OF("Web/password.html", password_html),
    FILE_OF("Assets/common-passwords.txt", common_passwords),
    FILE_OF("Migrations/0001_base.sql", migration_0001),
    FILE_OF("Migrations/0002_identity.sql", migration_0002),
    FILE_OF("Migrations/0003_keys.sql", migration_0003),
    FILE_OF("Migrations/0004_signals.sql", migration_0004),
    FILE_OF("Migrations/0005_webhooks.sql", migration_0005),
    FILE_OF("Migrations/0006_alerts.sql", migration_0006),
    FILE_OF("Migrations/0007_partitions.sql", migration_0007),
    FILE_OF("Migrations/0008_custody.sql", migration_0008),
    FILE_OF("Migrations/0009_bootstrap_place.sql", migration_0009),
    FILE_OF("Migrations/0010_rotation.sql", migration_0010),
    FILE_OF("Migrations/0011_key_deletions.sql", migration_0011),
    FILE_OF("Migrations/0012_blocked_rows.sql", migration_0012),
    FILE_OF("Migrations/0013_restore.sql", migration_0013),
    FILE_OF("Migrations/0014_label_runs.sql", migration_0014),
    FILE_OF("Migrations/0015_signing.sql", migration_0015),
    FILE_OF("Migrations/0016_egress.sql", migration_0016),
    FILE_OF("Migrations/0017_policy_register.sql", migration_0017),
    FILE_OF("Migrations/0018_away_mode.sql", migration_0018),
    FILE_OF("Migrations/0019_prices.sql", migration_0019),
    FILE_OF("Migrations/0020_authority.sql", migration_0020),
    FILE_OF("Migrations/0021_sessions.sql", migration_0021),
    FILE_OF("Migrations/0022_access_tokens.sql", migration_0022),
    FILE_OF("Migrations/0023_openid.sql", migration_0023),
    FILE_OF("Migrations/0024_leaving.sql", migration_0024),
    FILE_OF("Migrations/0025_factors.sql", migration_0025),
    FILE_OF("Migrations/0026_approvals.sql", migration_0026),
    FILE_OF("Migrations/0027_sight.sql", migration_0027),
    FILE_OF("Migrations/0028_ways_in.sql", migration_0028),
    FILE_OF("Migrations/0029_proofs_and_standing.sql", migration_0029),
    FILE_OF("Migrations/0030_delivery_terms.sql", migration_0030),
    FILE_OF("Migrations/0031_channels.sql", migration_0031),
    FILE_OF("Migrations/0032_rule_courses.sql", migration_0032),
    FILE_OF("Migrations/0033_own_event_ids.sql", migration_0033),
    FILE_OF("Migrations/0034_guessing.sql", migration_0034),
    FILE_OF("Migrations/0035_ways_reset.sql", migration_0035),
    FILE_OF("Migrations/0036_rule_actions.sql", migration_0036),
    FILE_OF("Migrations/0037_rule_packs.sql", migration_0037),
    FILE_OF("Migrations/0038_alert_life.sql", migration_0038),
    FILE_OF("Migrations/0039_alert_telling.sql", migration_0039),
    FILE_OF("Migrations/0040_weekly_openings.sql", migration_0040),
    FILE_OF("Migrations/0041_tried_soon.sql", migration_0041),
    FILE_OF("Migrations/0042_token_names.sql", migration_0042),
    FILE_OF("Migrations/0043_freshness.sql", migration_0043),
    FILE_OF("Migrations/0044_candle_feeds.sql", migration_0044),
    FILE_OF("Migrations/0045_market.sql", migration_0045),
    FILE_OF("Migrations/0046_backtests.sql", migration_0046),
    FILE_OF("Migrations/0047_models.sql", migration_0047),
    FILE_OF("Migrations/0048_analysis_state.sql", migration_0048),
    FILE_OF("Migrations/0049_token_metrics.sql", migration_0049),
    FILE_OF("Migrations/0050_market_breadth.sql", migration_0050),
    FILE_OF("Migrations/0051_alert_flood.sql", migration_0051),
    FILE_OF("Migrations/0052_signal_courses.sql", migration_0052),
    FILE_OF("Migrations/0053_people.sql", migration_0053),
    FILE_OF("Migrations/0054_market_closes.sql", migration_0054),
    FILE_OF("Migrations/0055_feed_holes.sql", migration_0055),
    FILE_OF("Migrations/0056_former_known.sql", migration_0056),
    FILE_OF("Migrations/0057_market_revisions.sql", migration_0057),
    FILE_OF("Migrations/0058_account_modes.sql", migration_0058),
    FILE_OF("Migrations/0059_delivery_lines.sql", migration_0059),
    FILE_OF("Migrations/0060_signals.sql", migration_0060),
    FILE_OF("Migrations/0061_secret_reveals.sql", migration_0061),
    FILE_OF("Migrations/0062_alert_counts.sql", migration_0062),
    FILE_OF("Migrations/0063_authority_hold.sql", migration_0063),
    FILE_OF("Migrations/0064_alert_cause.sql", migration_0064),
    FILE_OF("Migrations/0065_knocks.sql", migration_0065),
    FILE_OF("Migrations/0066_market_past.sql", migration_0066),
    FILE_OF("Migrations/0067_clock_changes.sql", migration_0067),
    FILE_OF("Migrations/0068_candle_bounds.sql", migration_0068),
    FILE_OF("Migrations/0069_sentiment_opens.sql", migration_0069),
    FILE_OF("Migrations/0070_investor_news.sql", migration_0070),
    FILE_OF("Migrations/0071_builds.sql", migration_0071),
    FILE_OF("Migrations/0072_alert_flap_held.sql", migration_0072),
    FILE_OF("Migrations/0073_month_tables.sql", migration_0073),
    FILE_OF("Migrations/0074_use_months.sql", migration_0074),
    FILE_OF("Migrations/0075_circuit_epoch.sql", migration_0075),
    FILE_OF("Migrations/0076_write_probe.sql", migration_0076),
    FILE_OF("Migrations/0077_use_symbols.sql", migration_0077),
    FILE_OF("Migrations/0078_use_symbols_index.sql", migration_0078),
    FILE_OF("Packs/exchange.json", pack_exchange),
    FILE_OF("Packs/keys.json", pack_keys),
    FILE_OF("Packs/market.json", pack_market),
    FILE_OF("Packs/people.json", pack_people),
    {0, 0, 0},
};

const kassets_file *kassets_files(void) { return files; }
