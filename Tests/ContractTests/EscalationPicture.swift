import Access
import Identity
import Kernel
import Postgres

@testable import Service

/// A permission on what is not about keys, or on a target by its place.
struct EscalationRight: Hashable {
    let permission: Permission
    let place: Int?
}

/// What everybody may do at one moment, worked out from the rows alone.
struct EscalationPicture {
    typealias Right = EscalationRight

    /// Everybody, with those who came by breaking glass.
    private static let read = Statement(
        "test_everybody", "select p.id, p.kind, p.owner, granted(p.id) from principal p order by p.id")

    private struct Standing {
        let bytes: [UInt8]
        let grants: [GrantedRole]
        let may: Set<Right>
    }

    /// The keys that there are, and then some that there could be.
    let targets: [Target]
    private let now: Timestamp
    private var standings: [PrincipalID: Standing] = [:]
    private var bots: [PrincipalID: [PrincipalID]] = [:]

    /// In the order of their ids.
    private(set) var people: [PrincipalID] = []

    /// - Parameter last: of what has not changed since, nothing is worked out again.
    nonisolated(nonsending) init(
        _ targets: [Target], since last: EscalationPicture?, at now: Timestamp, in source: any Queryable
    ) async throws {
        (self.targets, self.now) = (targets, now)
        let known = last?.targets == targets ? last?.standings : nil
        for row in try await source.query(Self.read) {
            guard let kind = PrincipalID.Kind(rawValue: row.text(1)) else { continue }
            let (id, bytes) = (PrincipalID(kind, row.uuid(0)), row.json(3))
            people.append(id)
            if let owner = row.optionalUUID(2) { bots[PrincipalID(.user, owner), default: []].append(id) }
            if let same = known?[id], same.bytes == bytes {
                standings[id] = same
            } else {
                let grants = try GrantedRole.list(bytes)
                let may = Self.may(Rights(grants, at: now), on: targets)
                standings[id] = Standing(bytes: bytes, grants: grants, may: may)
            }
        }
    }

    func may(_ id: PrincipalID) -> Set<Right> { standings[id]?.may ?? [] }

    /// Through an access token with these scopes; nil does not narrow.
    func may(_ id: PrincipalID, _ scopes: [Permission]?) -> Set<Right> {
        guard let scopes else { return may(id) }
        return Self.may(Rights(standings[id]?.grants ?? [], scopes: scopes, at: now), on: targets)
    }

    func owns(_ owner: PrincipalID, _ bot: PrincipalID) -> Bool { bots[owner]?.contains(bot) ?? false }

    func ownsSome(_ owner: PrincipalID) -> Bool { bots[owner] != nil }

    /// What somebody can do by themselves, or by a service account that they issue access tokens of.
    private func reach(of id: PrincipalID) -> Set<Right> {
        (bots[id] ?? []).reduce(may(id)) { $0.union(may($1)) }
    }

    /// What somebody can do now and could not then.
    func gain(of id: PrincipalID, since before: EscalationPicture) -> Set<Right> {
        let all = [id] + (bots[id] ?? [])
        let isSame =
            targets == before.targets && bots[id] == before.bots[id]
            && all.allSatisfy { standings[$0]?.bytes == before.standings[$0]?.bytes }
        return isSame ? [] : reach(of: id).subtracting(before.reach(of: id))
    }

    private static func may(_ rights: Rights, on targets: [Target]) -> Set<Right> {
        var all = Set(rights.everywhere.filter { !$0.takesScope }.map { Right(permission: $0, place: nil) })
        for permission in rights.somewhere where permission.takesScope {
            let isEverywhere = rights.everywhere.contains(permission)
            for (place, target) in targets.enumerated()
            where isEverywhere || rights.may(permission, on: target) {
                all.insert(Right(permission: permission, place: place))
            }
        }
        return all
    }
}
