import CLinux
import Crypto
import EventLoop
import Glibc

/// A backup on disk: a dump in pg_dump's own format, and the manifest behind it. Reads and writes block:
/// off the loop.
struct BackupFile {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let pieceBytes = 1 << 20

    let path: String

    /// Puts the manifest behind a dump and gives the file its name: whole or not at all, and over no other
    /// file.
    static func seal(
        _ draft: String, as path: String, _ manifest: (_ bytes: Int64, _ digest: String) -> BackupManifest
    )
        throws -> BackupManifest
    {
        let descriptor = try SystemError.check("open") { klinux_open(draft, O_RDWR | O_CLOEXEC, 0) }
        defer { close(descriptor) }
        let (bytes, digest) = try hash(descriptor, upTo: .max)
        let made = manifest(bytes, digest)
        let trailer = made.trailer
        guard pwrite(descriptor, trailer, trailer.count, off_t(bytes)) == trailer.count,
            fsync(descriptor) == 0
        else { throw SystemError(call: "write", code: errno) }
        // link refuses a name that is taken; rename would not.
        try SystemError.check("link") { link(draft, path) }
        unlink(draft)
        try keepName(of: path)
        return made
    }

    /// A name is as durable as its folder.
    private static func keepName(of path: String) throws {
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "."
        let descriptor = try SystemError.check("open") {
            klinux_open(String(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        }
        defer { close(descriptor) }
        try SystemError.check("fsync") { fsync(descriptor) }
    }

    /// What it is; throws unless every byte is as it was written.
    func verified() throws -> BackupManifest {
        let descriptor = klinux_open(path, O_RDONLY | O_CLOEXEC, 0)
        guard descriptor >= 0 else {
            throw Failure(description: "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        try SystemError.check("fstat") { fstat(descriptor, &status) }
        let end = Int64(status.st_size) - Int64(BackupManifest.trailerBytes)
        var trailer = [UInt8](repeating: 0, count: BackupManifest.trailerBytes)
        guard end > 0, pread(descriptor, &trailer, trailer.count, off_t(end)) == trailer.count,
            let manifest = BackupManifest(trailer: trailer)
        else { throw Failure(description: "\(path) is no backup of Keybell, or was cut off") }
        let (bytes, digest) = try Self.hash(descriptor, upTo: end)
        guard bytes == manifest.dumpBytes, digest == manifest.digest else {
            throw Failure(description: "\(path) is damaged: its digest is another than its manifest says")
        }
        return manifest
    }

    private static func hash(_ descriptor: Int32, upTo end: Int64) throws -> (bytes: Int64, digest: String) {
        var hash = SHA256()
        var piece = [UInt8](repeating: 0, count: pieceBytes)
        var place: Int64 = 0
        while place < end {
            let wanted = Int(min(Int64(pieceBytes), end - place))
            let got = pread(descriptor, &piece, wanted, off_t(place))
            if got < 0 { throw SystemError(call: "read", code: errno) }
            if got == 0 { break }
            piece.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<got])) }
            place += Int64(got)
        }
        var digest = [UInt8](repeating: 0, count: SHA256.digestBytes)
        digest.withUnsafeMutableBytes { hash.finalize(into: $0) }
        return (place, Hex.encode(digest))
    }
}
