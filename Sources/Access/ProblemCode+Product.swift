package import HTTPServer

/// What this product refuses with, beside what any HTTP service does. The closed list stands in openapi.yaml.
extension ProblemCode {
    package static let unauthenticated = ProblemCode("unauthenticated", .unauthorized, "Not authenticated")
    package static let signatureInvalid = ProblemCode(
        "signature_invalid", .unauthorized, "Not signed as it must be")
    package static let forbidden = ProblemCode("forbidden", .forbidden, "Not allowed")
    package static let stepUpRequired = ProblemCode(
        "step_up_required", .unauthorized, "A fresh proof of who you are is needed")
    package static let mfaRequired = ProblemCode(
        "mfa_required", .forbidden, "A second factor is needed from now on")
    package static let humanRequired = ProblemCode("human_required", .forbidden, "A person is needed")
    package static let factorRefused = ProblemCode(
        "factor_refused", .forbidden, "The second factor does not count")
    package static let passkeysUnavailable = ProblemCode(
        "passkeys_unavailable", .conflict, "There are no passkeys here")
    package static let approvalRequired = ProblemCode(
        "approval_required", .forbidden, "It needs approvals first")
    package static let notAnApprover = ProblemCode(
        "not_an_approver", .forbidden, "Not yours to decide")
    package static let conflict = ProblemCode("conflict", .conflict, "The state does not allow it")
    package static let alreadyExists = ProblemCode("already_exists", .conflict, "It exists already")
    package static let alreadyDone = ProblemCode("already_done", .conflict, "Done already, and shown once")
    package static let alreadySent = ProblemCode(
        "already_sent", .conflict, "Sent already, and not sent again")
    package static let idempotencyInFlight = ProblemCode(
        "idempotency_in_flight", .conflict, "The first request is still under way")
    package static let duplicateSecret = ProblemCode(
        "duplicate_secret", .conflict, "The secret is registered already")
    package static let countMismatch = ProblemCode(
        "count_mismatch", .conflict, "The selector matches another number of keys")
    package static let keyTampered = ProblemCode(
        "key_tampered", .conflict, "The key was changed past the service")
    package static let bootstrapDone = ProblemCode("bootstrap_done", .conflict, "There is an owner already")
    package static let lastOwner = ProblemCode("last_owner", .conflict, "At least one owner must stay")
    package static let testsFailed = ProblemCode("tests_failed", .conflict, "The rule's test cases fail")
    package static let rowsRefused = ProblemCode("rows_refused", .unprocessableContent, "Rows were refused")
    package static let idempotencyKeyReused = ProblemCode(
        "idempotency_key_reused", .unprocessableContent, "The Idempotency-Key belongs to another request")
    package static let policyDenied = ProblemCode(
        "policy_denied", .forbidden, "Denied by the key's policy")
    package static let outcomeUnknown = ProblemCode(
        "outcome_unknown", .gatewayTimeout, "Nobody knows whether it was carried out")
    package static let exchangeUnavailable = ProblemCode(
        "exchange_unavailable", .badGateway, "The exchange cannot be reached")
    package static let exchangeRateLimited = ProblemCode(
        "exchange_rate_limited", .tooManyRequests, "The exchange allows no more just now")
    package static let rateLimited = ProblemCode("rate_limited", .tooManyRequests, "Too many requests")
    package static let tooManyStreams = ProblemCode("too_many_streams", .tooManyRequests, "Too many streams")
    package static let insecureTransport = ProblemCode(
        "insecure_transport", .forbidden, "Not over this connection")
    package static let loginUnavailable = ProblemCode(
        "login_unavailable", .forbidden, "Nobody can log in here")
    package static let sealed = ProblemCode("sealed", .serviceUnavailable, "The node is sealed")
    package static let restoreUnconfirmed = ProblemCode(
        "restore_unconfirmed", .serviceUnavailable, "A restore waits to be confirmed")
    package static let providerUnavailable = ProblemCode(
        "provider_unavailable", .serviceUnavailable, "The log-in provider cannot be reached")
    package static let databaseUnavailable = ProblemCode(
        "database_unavailable", .serviceUnavailable, "The database is away")
}
