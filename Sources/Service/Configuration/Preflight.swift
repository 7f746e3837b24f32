import CLinux
import Crypto
import EventLoop
import Glibc
import HTTPServer
import Kernel
import Postgres

/// What the settings name has to be there on this machine, and fit to be used. Looks, and changes nothing, so
/// that `check-config` may run beside a service.
struct Preflight {
    private let settings: Settings
    private var mistakes: [String] = []

    /// All of them, each with its setting's name.
    static func mistakes(of settings: Settings) -> [String] {
        var preflight = Preflight(settings)
        preflight.lookAtAddresses()
        preflight.lookAtDataFolder()
        preflight.lookAtDatabase()
        preflight.lookAtRootKey()
        preflight.lookAtTLS()
        preflight.lookAtOpenID()
        return preflight.mistakes
    }

    /// What runs, and had better be otherwise.
    static func warnings(of settings: Settings) -> [String] {
        var warnings = settings.database?.isOpenOnTheWay == true ? ["\(DatabaseURL.openOnTheWay)"] : []
        if settings.rootKeyText == nil, isInDataFolder(settings.rootKeyFile, settings) {
            warnings.append(
                "the root key \(settings.rootKeyFile) is in the data folder \(settings.dataFolder): a copy "
                    + "of that holds the key and what it opens")
        }
        return warnings
    }

    private static func isInDataFolder(_ path: String, _ settings: Settings) -> Bool {
        let (data, place) = (resolved(settings.dataFolder), resolved(path))
        return place.hasPrefix(data == "/" ? data : "\(data)/")
    }

    private init(_ settings: Settings) { self.settings = settings }

    private mutating func fail(_ name: String, _ reason: String) { mistakes.append("\(name) \(reason)") }

    // MARK: Addresses

    private mutating func lookAtAddresses() {
        switch settings.listen {
        case .ip(let address, let port):
            if let error = claim(address, port) {
                fail("KEYBELL_LISTEN", "cannot be listened at: \(settings.listen) (\(error))")
            }
        case .unix(let path):
            let folder = Self.parent(of: path)
            if !Self.isFolder(folder) {
                fail("KEYBELL_LISTEN", "has no folder for its socket: \(folder) is not there, or is none")
            } else if access(folder, W_OK | X_OK) != 0 {
                fail("KEYBELL_LISTEN", "is a socket in \(folder), where this user may not write")
            }
        }
        for address in settings.egress.all {
            if let error = claim(address.source, 0) {
                fail(
                    "KEYBELL_EGRESS_ADDRESSES",
                    "names \(address.source), which this machine cannot send from (\(error))")
            }
        }
    }

    /// Nil: it can be had, or somebody has it already, which the start tells.
    private func claim(_ address: IPAddress, _ port: UInt16) -> SystemError? {
        do throws(SystemError) {
            try SocketAddress.ip(address, port: port).claim()
            return nil
        } catch {
            return error.code == EADDRINUSE ? nil : error
        }
    }

    // MARK: Folders and files

    private mutating func lookAtDataFolder() {
        let folder = settings.dataFolder
        let there = Self.nearest(to: folder)
        if !Self.isFolder(there) {
            let reason = there == folder ? "is no folder" : "cannot be made: \(there) is no folder"
            fail("KEYBELL_DATA_DIR", "\(folder) \(reason)")
        } else if Self.isOfKernel(there) {
            fail("KEYBELL_DATA_DIR", "\(folder) is in \(there), which the kernel shows and nobody can write")
        } else if settings.database == nil, access(there, W_OK | X_OK) != 0 {
            // Beside an own database, a folder that cannot be written is missed at some starts only.
            fail("KEYBELL_DATA_DIR", "\(folder) cannot be used: this user may not write in \(there)")
        }
    }

    private mutating func lookAtDatabase() {
        guard let database = settings.database else {
            let folder = settings.privateCluster
            if let error = PrivateCluster.fault(ofFolder: folder) {
                fail("KEYBELL_DATABASE_URL", "is not set, and the private PostgreSQL cannot be: \(error)")
            }
            return
        }
        for (option, path) in database.files where access(path, R_OK) != 0 {
            fail("KEYBELL_DATABASE_URL", "names \(path) by \(option), which \(Self.reason)")
        }
    }

    private mutating func lookAtRootKey() {
        if let text = settings.rootKeyText {
            do { _ = try RootKey(text: text) } catch { fail("KEYBELL_ROOT_KEY", "cannot be used: \(error)") }
            return
        }
        let (name, path) = ("KEYBELL_ROOT_KEY_FILE", settings.rootKeyFile)
        // One that lies there stays what it is, with a warning: a desk that runs must not be stopped by an
        // upgrade.
        if access(path, F_OK) != 0, Self.isInDataFolder(path, settings) {
            fail(
                name,
                "\(path) is in the data folder \(settings.dataFolder), so a copy of one would hold the "
                    + "key and what it opens: keep it apart")
        }
        let there = Self.nearest(to: path)
        if there != path, !Self.isFolder(there) {
            fail(name, "\(path) cannot be made: \(there) is no folder")
        }
        if there == path {
            do { _ = try RootKey.load(fromFile: path) } catch { fail(name, "cannot be used: \(error)") }
        }
    }

    private mutating func lookAtTLS() {
        let files = [("KEYBELL_TLS_CERT", settings.tlsCertificate), ("KEYBELL_TLS_KEY", settings.tlsKey)]
        var areThere = settings.tls != nil
        for (name, path) in files {
            guard let path, access(path, R_OK) != 0 else { continue }
            fail(name, "\(path) \(Self.reason)")
            areThere = false
        }
        guard areThere else { return }
        do { _ = try settings.makeTLS() } catch { fail("KEYBELL_TLS_CERT", "and KEYBELL_TLS_KEY: \(error)") }
    }

    private mutating func lookAtOpenID() {
        guard let secret = settings.openID?.clientSecret else { return }
        do { _ = try secret.read() } catch {
            fail("KEYBELL_OIDC_CLIENT_SECRET_FILE", "\(secret.file) cannot be used: \(error)")
        }
    }
}

// MARK: Paths

extension Preflight {
    /// Why the last call failed.
    private static var reason: String { "cannot be read: \(String(cString: strerror(errno)))" }

    /// The path itself, or the deepest folder above it that is there.
    private static func nearest(to path: String) -> String {
        access(path, F_OK) == 0 || path == "/" ? path : nearest(to: parent(of: path))
    }

    /// Without symbolic links, as far as it is there.
    private static func resolved(_ path: String) -> String {
        if let found = realpath(path, nil) {
            defer { free(found) }
            return String(cString: found)
        }
        guard path != "/" else { return path }
        let above = resolved(parent(of: path))
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        return above == "/" ? "/\(name)" : "\(above)/\(name)"
    }

    private static func parent(of path: String) -> String {
        let parts = path.split(separator: "/").dropLast()
        return "/" + parts.joined(separator: "/")
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// /proc and /sys take no folders, whatever their modes say.
    private static func isOfKernel(_ path: String) -> Bool {
        let place = resolved(path)
        return ["/proc", "/sys"].contains { place == $0 || place.hasPrefix("\($0)/") }
    }
}
