/// One operation of the interface as a value: what a router, a contract test and a permission matrix read
/// alike. A room makes its endpoints, capturing its stores; each worker has its own.
package final class Endpoint<Permission: Sendable, Context> {
    package let method: HTTPMethod
    /// `/v1/keys/{key_id}`; a last segment `{path*}` takes the rest.
    package let path: String
    /// The operationId of openapi.yaml.
    package let id: String
    package let requires: Permission
    /// What it may refuse with, beyond what every endpoint may.
    package let errors: [ProblemCode]
    /// Decoded bytes of a body that `Request.body.collect` should take; 0 means that it takes none.
    package let bodyLimit: Int
    /// What a repeat with the same Idempotency-Key gets.
    package let repeats: Repeat
    /// Whether it does something even where its method is that of a read: then who asks is settled before it
    /// begins, and it is never run twice.
    package let acts: Bool
    /// Whether it is begun with what is known of its caller, and compares by itself, where it acts, that this
    /// still holds. Until it has, nothing is done, and it may be run again.
    package let settlesItself: Bool
    /// Whether all that it does is one change, in which what its caller was let in by is compared: then it is
    /// begun with what is known of them, too. What it answers without a change is said anew, by who asks
    /// then; so its body is collected before anything of it counts.
    package let isOneChange: Bool
    /// What it asks for beyond its permission. Only of what acts: nothing that asks for it is done twice.
    package let stepUp: StepUp?
    /// Whether an access token alone opens it: a session, which a browser sends along by itself, does not.
    package let tokensOnly: Bool
    package let handle: (Request, Context) async throws -> Response
    /// The same as `handle`, for reads that never wait: nil for all others.
    package let handleAtOnce: ((Request, Context) throws -> Response)?

    package init(
        _ method: HTTPMethod, _ path: String, id: String, requires: Permission, errors: [ProblemCode] = [],
        bodyLimit: Int = 1 << 20, repeats: Repeat = .answer, acts: Bool = false,
        settlesItself: Bool = false, isOneChange: Bool = false, stepUp: StepUp? = nil,
        tokensOnly: Bool = false,
        handle: @escaping (Request, Context) async throws -> Response
    ) {
        self.method = method
        self.path = path
        self.id = id
        self.requires = requires
        self.errors = errors
        self.bodyLimit = bodyLimit
        self.repeats = repeats
        self.acts = acts || method != .get
        self.settlesItself = settlesItself
        self.isOneChange = isOneChange
        self.stepUp = stepUp
        self.tokensOnly = tokensOnly
        self.handle = handle
        precondition(
            stepUp == nil || (self.acts && !settlesItself && !isOneChange),
            "\(id) asks for a step-up and may be repeated")
        handleAtOnce = nil
    }

    /// A read that waits for nothing, and so costs no suspension.
    package init(
        _ path: String, id: String, requires: Permission, errors: [ProblemCode] = [],
        atOnce handle: @escaping (Request, Context) throws -> Response
    ) {
        method = .get
        self.path = path
        self.id = id
        self.requires = requires
        self.errors = errors
        bodyLimit = 0
        repeats = .nothing
        acts = false
        settlesItself = false
        isOneChange = false
        stepUp = nil
        tokensOnly = false
        self.handle = { request, context in try handle(request, context) }
        handleAtOnce = handle
    }
}

/// What a repeated request with the same Idempotency-Key gets.
package enum Repeat: Sendable {
    /// The stored answer.
    case answer
    /// 409 with the resource's id: the answer carried a secret, which is never stored.
    case refusal
    /// 409 with the id of the use that it was, and what became of it: what may have left is not sent again.
    case sending
    /// The header is ignored: the body is streamed and idempotent by row, or the operation is by nature.
    case nothing
}
