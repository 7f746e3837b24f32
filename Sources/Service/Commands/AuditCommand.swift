import Audit

/// `keybell audit verify --export FILE [--pin KEY]`: proves an exported trail without the service and the
/// database.
enum AuditCommand {
    private static let usage =
        "usage: keybell audit verify --export FILE [--pin kck_… or the public key in base64]"

    static func run(_ arguments: [String]) -> Int32 {
        guard arguments.first == "verify",
            let options = try? Options(Array(arguments.dropFirst()), taking: ["--export", "--pin"]),
            let path = options.values["--export"]
        else {
            Command.complain(usage)
            return 2
        }
        let pin = options.values["--pin"].flatMap { CheckpointPin($0) }
        if options.values["--pin"] != nil && pin == nil {
            Command.complain("keybell: --pin is neither a key id nor a public key\n\(usage)")
            return 2
        }
        return verify(path, pin: pin)
    }

    private static func verify(_ path: String, pin: CheckpointPin?) -> Int32 {
        do {
            let report = try TrailFile(path: path).verify(pin: pin)
            Command.say(report.text)
            return report.exitCode
        } catch {
            Command.complain("keybell: \(path) cannot be verified: \(error)")
            return 1
        }
    }
}
