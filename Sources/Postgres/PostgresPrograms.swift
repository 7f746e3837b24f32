import CLinux
import Glibc

/// PostgreSQL's server programs on this machine.
package struct PostgresPrograms: Sendable {
    /// `/usr/lib/postgresql/15/bin`.
    package let folder: String

    package init(folder: String) { self.folder = folder }

    package var initdb: String { "\(folder)/initdb" }
    package var postgres: String { "\(folder)/postgres" }

    /// Debian's folders, the newest version first (or the wanted one), then PATH.
    package static func find(major: Int? = nil) -> PostgresPrograms? {
        let base = "/usr/lib/postgresql"
        let versions = (folderEntries(base) ?? []).compactMap(Int.init).sorted(by: >)
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders = versions.map { "\(base)/\($0)/bin" } + path.split(separator: ":").map(String.init)
        return folders.map(PostgresPrograms.init(folder:)).first { programs in
            access(programs.initdb, X_OK) == 0 && access(programs.postgres, X_OK) == 0
                && (major == nil || programs.major == major)
        }
    }

    /// Of `postgres (PostgreSQL) 15.18 (Debian …)`.
    var major: Int? {
        guard !postgres.contains("'"), let pipe = popen("'\(postgres)' -V", "re") else { return nil }
        defer { pclose(pipe) }
        var line = [UInt8](repeating: 0, count: 256)
        let count = fread(&line, 1, line.count, pipe)
        let words = String(decoding: line[..<count], as: UTF8.self).split { $0 == " " || $0 == "." }
        return words.dropFirst(2).first.flatMap { Int($0) }
    }

    /// Runs a server program as `account`; PostgreSQL refuses to run as root.
    package static func command(_ arguments: [String], as account: Account?, options: [String] = [])
        -> [String]
    {
        guard let account else {
            return options.isEmpty ? arguments : [setpriv] + options + ["--"] + arguments
        }
        let identity = ["--reuid", String(account.user), "--regid", String(account.group), "--init-groups"]
        return [setpriv] + identity + options + ["--"] + arguments
    }

    private static let setpriv = "/usr/bin/setpriv"
}

/// The user that the server runs as when we are root.
package struct Account: Sendable {
    package let user: UInt32
    package let group: UInt32

    /// `postgres`, made by the distribution's package.
    package static func postgres() -> Account? {
        guard let entry = getpwnam("postgres") else { return nil }
        return Account(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
    }
}

/// The names in a folder; nil when it cannot be read.
package func folderEntries(_ path: String) -> [String]? {
    guard let folder = opendir(path) else { return nil }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}
