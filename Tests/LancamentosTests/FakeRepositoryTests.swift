import RepositoryContracts
import Testing

@testable import Lancamentos

/// The fake keeps the promises that the service relies on, as the repository on PostgreSQL does.
@Suite struct FakeRepositoryTests {
    @Test(arguments: LancamentoRepositoryContract.cases)
    func `the fake keeps the contract`(_ contract: ContractCase<any LancamentoRepository>) async throws {
        try await contract.check(FakeLancamentoRepository())
    }
}
