import HTTPServer
import JSON
import Postgres

/// Names such as `Europe/Zurich`, as PostgreSQL knows them: it works out local times.
enum TimeZones {
    private static let find = Statement(
        "time_zone_find", "select from pg_timezone_names where name = $1 and name !~ '^(posix|right)/'")

    nonisolated(nonsending) static func refuseUnknown(
        _ name: String, in source: any Queryable
    ) async throws {
        guard try await source.query(find, .text(name)).isEmpty else { return }
        throw Problem(
            .validationFailed, "There is no such time zone.",
            errors: [
                FieldError(
                    pointer: "/time_zone", code: FieldCode.notAChoice,
                    message: "must be a name of the IANA database, such as Europe/Zurich")
            ])
    }
}
