/// A set of permissions in one word, for whoever goes through many grants.
struct PermissionBits: Equatable, Sendable {
    private var bits: UInt128 = 0

    init(_ permissions: some Sequence<Permission>) {
        for permission in permissions { bits |= Self.bit(permission) }
    }

    func intersects(_ other: PermissionBits) -> Bool { bits & other.bits != 0 }

    private static func bit(_ permission: Permission) -> UInt128 { places[permission].map { 1 << $0 } ?? 0 }

    private static let places: [Permission: Int] = {
        precondition(Permission.allCases.count <= UInt128.bitWidth, "more permissions than bits")
        return Dictionary(uniqueKeysWithValues: zip(Permission.allCases, 0...))
    }()
}
