import CLinux
import Glibc

extension Settings {
    /// The settings of this process: its environment over an env file.
    /// - Parameter looking: finds mistakes that only this machine shows, for who serves with the settings.
    static func ofProcess(
        _ arguments: [String], looking look: (Settings) -> [String] = { _ in [] }
    ) throws -> Settings {
        let options: Options
        do {
            options = try Options(arguments, taking: ["--env-file"])
        } catch {
            throw SettingsMistakes(lines: ["\(error.argument) is not understood; only --env-file FILE is"])
        }
        var environment = processEnvironment()
        var mistakes: [String] = []
        if let file = options.values["--env-file"] {
            let text: String
            do {
                text = try SecretFile.read(file)
            } catch {
                throw SettingsMistakes(lines: ["the env file \(file) cannot be read: \(error)"])
            }
            let named: [String: String]
            (named, mistakes) = EnvironmentFile.parse(text)
            if named["KEYBELL_ROOT_KEY"] != nil, SecretFile.isOursAndOpen(file) {
                mistakes.append(
                    "the env file \(file) holds the root key and others may read it: chmod 600 it")
            }
            environment.merge(named) { own, _ in own }
        }
        let cores = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        return try Settings(
            environment: environment, home: environment["HOME"] ?? "/root", isRoot: geteuid() == 0,
            cores: cores, knowing: mistakes, looking: look)
    }

    private static func processEnvironment() -> [String: String] {
        var values: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        return values
    }
}
