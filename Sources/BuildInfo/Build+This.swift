import CBuild
package import Contrato

extension Build {
    /// The build that this program is from. Only the programs' own modules import this one: what imports it is compiled again at each
    /// new revision.
    package static let this = Build(revision: String(cString: cbuild_revision()), compilerDate: String(cString: cbuild_date()))
}
