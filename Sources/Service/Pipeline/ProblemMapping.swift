import Access
import Crypto
import EventLoop
import HTTPServer
import Identity
import JSON
import Kernel
import Postgres

/// The one place where errors become answers. What is not expected is logged under the request id and told to
/// nobody.
extension Problem {
    static func from(_ error: any Error, log: Log, requestID: String) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let errors as FieldErrors: return from(errors)
        case let error as JSONError: return Problem(.malformedJSON, "\(error)")
        case let error as BodyError: return from(error)
        case let error as PathError: return Problem(.notFound, error.sentence)
        case let error as PostgresError: return from(error, log: log, requestID: requestID)
        case is SealedError: return .sealed
        case is AuthorityMoved: return busy("Authority moved meanwhile. Nothing was done.")
        case is OffLoop.Failure: return busy("Too much work is waiting here.")
        default:
            log.error("unexpected error", ["request_id": .text(requestID), "error": .text("\(error)")])
            return Problem(.internalError, "The fault is in the log under the request id.")
        }
    }

    private static func from(_ errors: FieldErrors) -> Problem {
        let more = errors.total > errors.errors.count ? " The first \(errors.errors.count) are listed." : ""
        return Problem(
            .validationFailed,
            errors.total == 1 ? "One field is wrong." : "\(errors.total) fields are wrong.\(more)",
            errors: errors.errors)
    }

    private static func from(_ error: BodyError) -> Problem {
        switch error {
        case .refused(let refusal):
            return Problem(ProblemCode.malformedBody, refusal.sentence)
        case .encoding(let gzip):
            return gzip.status == .contentTooLarge
                ? Problem(.payloadTooLarge, gzip.sentence) : Problem(.malformedBody, gzip.sentence)
        case .unknownEncoding:
            return Problem(.unsupportedMediaType, "Content-Encoding must be gzip or identity.")
        case .tooLarge(let limit):
            return Problem(.payloadTooLarge, "The body may have at most \(limit) bytes.")
        case .unwelcome: return .unauthenticated
        case .disconnected: return Problem(.malformedBody, "The body ended early.")
        case .timedOut: return Problem(.requestTimeout, "The body came too slowly.")
        }
    }

    private static func from(_ error: PostgresError, log: Log, requestID: String) -> Problem {
        switch error {
        case .unavailable, .commitUnknown: return away
        case .overloaded: return busy("Too many statements are waiting here.")
        case .timeout: return late(error, log, requestID)
        case .reportTimeout:
            return Problem(
                .timeout,
                "The database needs more than \(Int(Database.reportLimit.seconds)) s for that: ask for less, "
                    + "such as a shorter time or fewer groups.")
        case .server(let server) where server.isTimeout: return late(error, log, requestID)
        case .server(let server) where server.isAway: return away
        case .server:
            if let why = error.writeRefusal { return refused(why) }
            log.error("database error", ["request_id": .text(requestID), "error": .text("\(error)")])
            return Problem(.internalError, "The fault is in the log under the request id.")
        }
    }

    /// Whoever is on call wants to know whether it was a lock, a statement, or nothing heard at all.
    private static func late(_ error: PostgresError, _ log: Log, _ requestID: String) -> Problem {
        log.warning("database timeout", ["request_id": .text(requestID), "error": .text("\(error)")])
        return Problem(.timeout, "The database did not answer in time.")
    }

    /// Nodes are unsealed by people: asking again every second would not hurry them.
    static let sealed = Problem(
        .sealed, "This node holds no keys until it is unsealed.", headers: [(.retryAfter, "10")])

    private static let away = Problem(
        .databaseUnavailable, "The database cannot be reached just now.", headers: [(.retryAfter, "1")])

    private static func refused(_ why: WriteRefusal) -> Problem {
        Problem(
            .databaseUnavailable, "The database cannot do that just now: \(why.sentence).",
            headers: [(.retryAfter, "1")])
    }

    private static func busy(_ detail: String) -> Problem {
        Problem(.overloaded, detail, headers: [(.retryAfter, "1")])
    }
}

extension ServerError {
    /// Cancelled by a time-out of statement, lock or transaction.
    fileprivate var isTimeout: Bool { ["57014", "55P03", "25P03"].contains(sqlState) }
    /// The server is stopping, starting, or has no session left.
    fileprivate var isAway: Bool { sqlState.hasPrefix("57P") || sqlState == "53300" }
}
