import HTTPClient
import Identity
import Kernel

/// The settings that describe a log-in provider, by their names.
struct OpenIDSettingNames {
    let issuer: String
    let clientID: String
    let clientSecretFile: String
    let scopes: String
    let algorithms: String
    let groupsClaim: String
    let roles: String
    let factorValues: String
    let createsUsers: String
    let linkBy: String
    let privateAddresses: String

    /// What has no meaning without an issuer.
    fileprivate var others: [String] {
        [
            clientID, clientSecretFile, scopes, algorithms, groupsClaim, roles, factorValues, createsUsers,
            linkBy, privateAddresses,
        ]
    }
}

extension SettingsReader {
    /// Nil: no provider. An issuer and a client id are the least.
    mutating func openID(_ names: OpenIDSettingNames, origin: PublicOrigin?) -> OpenIDSettings? {
        var settings = OpenIDSettings(issuer: "", clientID: "", origin: origin?.text ?? "")
        if bool(names.privateAddresses) ?? false { settings.allowance = .privateReceivers }
        settings.issuer = issuer(names.issuer, settings.allowance) ?? ""
        settings.clientID =
            value(names.clientID, "1 to 255 visible characters") { Self.visible($0, 255) } ?? ""
        settings.clientSecretFile = path(names.clientSecretFile)
        settings.groupsClaim =
            value(names.groupsClaim, "the name of a claim") { Self.visible($0, 200) }
            ?? OpenIDSettings.defaultGroupsClaim
        settings.createsUsers = bool(names.createsUsers) ?? false
        settings.linksInvited =
            value(names.linkBy, "invited_email, or nothing") { $0 == "invited_email" ? true : nil } ?? false
        readLists(names, &settings)
        checkWhole(names, origin)
        return text(names.issuer) == nil ? nil : settings
    }

    private mutating func readLists(_ names: OpenIDSettingNames, _ settings: inout OpenIDSettings) {
        let scopes = value(names.scopes, "scopes with openid among them, separated by spaces", Self.scopes)
        settings.scopes = scopes ?? OpenIDSettings.defaultScopes
        let algorithms = list(names.algorithms, Self.algorithmNames) { TokenAlgorithm(rawValue: $0) }
        if !algorithms.isEmpty { settings.algorithms = Set(algorithms) }
        settings.mappings =
            value(names.roles, "group=role or group=grp_…, separated by commas", Self.mappings) ?? []
        settings.factorValues = Set(
            list(names.factorValues, "values of amr or acr") { Self.visible($0, 200) })
    }

    private static var algorithmNames: String {
        "of \(TokenAlgorithm.allCases.map(\.rawValue).joined(separator: ", "))"
    }

    /// As written: the provider has to call itself exactly so.
    private mutating func issuer(_ name: String, _ allowance: Allowance) -> String? {
        guard url(name, allowance) != nil, let text = text(name) else { return nil }
        guard text.contains("?") else { return text }
        fail(name, "must not have a query")
        return nil
    }

    private mutating func checkWhole(_ names: OpenIDSettingNames, _ origin: PublicOrigin?) {
        guard text(names.issuer) != nil else {
            for name in names.others where text(name) != nil { fail(name, "needs \(names.issuer)") }
            return
        }
        if text(names.clientID) == nil { fail(names.clientID, "is missing; \(names.issuer) needs it") }
        if origin == nil {
            fail(names.issuer, "needs KEYBELL_PUBLIC_ORIGIN, where the provider sends people")
        }
    }
}

extension SettingsReader {
    private static func visible(_ text: String, _ most: Int) -> String? {
        let isFit = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        return isFit && (1...most).contains(text.utf8.count) ? text : nil
    }

    /// RFC 6749, 3.3.
    private static func scopes(_ text: String) -> [String]? {
        let scopes = text.split { $0 == " " || $0 == "," }.map(String.init)
        let areFit = scopes.allSatisfy { visible($0, 200) != nil && !$0.contains("\"") && !$0.contains("\\") }
        return areFit && scopes.contains("openid") ? scopes : nil
    }

    /// A group's name may hold spaces, and letters of any language.
    private static func mappings(_ text: String) -> [GroupMapping]? {
        let parts = text.split(separator: ",").map { part in
            part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        }
        let mappings = parts.compactMap { GroupMapping(String($0)) }
        guard mappings.count == parts.count, !text.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            return nil
        }
        return mappings
    }
}
