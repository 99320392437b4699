/* understudyd: command line. */
#include <getopt.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"

#define EXIT_USAGE 2
#define LARGE_ALLOCATION (128 * 1024)

static const char usage_text[] = "understudyd [-t] -c FILE\n"
				 "\n"
				 "  -c FILE  the configuration, see understudy.yaml(5)\n"
				 "  -t       name every fault of the configuration and end\n"
				 "  -h       this text\n"
				 "  -V       the version\n";

struct command_line {
	const char *config_path;
	bool check_only, help, version;
};

/* getopt would take long options letter by letter.  NULL: there is none but --help and --version. */
static const char *long_option(int argc, char **argv, struct command_line *out) {
	for (int i = 1; i < argc; i++) {
		bool follows_c = strcmp(argv[i - 1], "-c") == 0;
		if (strcmp(argv[i], "--help") == 0)
			out->help = true;
		else if (strcmp(argv[i], "--version") == 0)
			out->version = true;
		else if (strncmp(argv[i], "--", 2) == 0 && !follows_c)
			return argv[i];
	}
	return NULL;
}

/* false: a fault was told. */
static bool command_line_read(int argc, char **argv, struct command_line *out) {
	const char *unknown = long_option(argc, argv, out);
	int option;
	if (unknown)
		fprintf(stderr, "understudyd: %s is not an option; expected -c FILE, -t, -h or -V\n",
		        unknown);
	if (unknown || out->help || out->version) return !unknown;
	opterr = 0;
	while ((option = getopt(argc, argv, ":c:thV")) != -1) {
		switch (option) {
		case 'c':
			if (out->config_path) {
				fprintf(stderr,
				        "understudyd: -c is given twice; expected one configuration\n");
				return false;
			}
			out->config_path = optarg;
			break;
		case 't': out->check_only = true; break;
		case 'h': out->help = true; break;
		case 'V': out->version = true; break;
		case ':':
			fprintf(stderr, "understudyd: -%c: expected a file after it\n", optopt);
			return false;
		default:
			if (optopt)
				fprintf(stderr,
				        "understudyd: -%c is not an option; expected -c FILE, -t, -h or -V\n",
				        optopt);
			else
				fprintf(stderr,
				        "understudyd: %s is not an option; expected -c FILE, -t, -h or -V\n",
				        argv[optind - 1]);
			return false;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "understudyd: \"%s\": expected options only: -c FILE, -t, -h or -V\n",
		        argv[optind]);
		return false;
	}
	if (!out->config_path && !out->help && !out->version) {
		fprintf(stderr, "understudyd: no configuration; expected -c FILE\n");
		return false;
	}
	return true;
}

static void faults_print(const struct config_faults *faults) {
	for (unsigned i = 0; i < faults->count; i++) {
		const struct config_fault *f = &faults->items[i];
		if (f->line)
			fprintf(stderr, "%s:%u: %s\n", f->file, f->line, f->text);
		else
			fprintf(stderr, "%s: %s\n", f->file, f->text);
	}
	if (faults->left_out) fprintf(stderr, "... and %u more\n", faults->left_out);
}

/* What a transfer takes is given back to the system when it is done: large blocks are mapped one by one, and the
 * C library is kept from raising that bound by itself.  One heap for all threads: what one of them frees serves the next
 * allocation of any, and heaps of single threads grow page by page, each with a call of the system. */
static void memory_tune(void) {
	(void)mallopt(M_ARENA_MAX, 1);
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_ALLOCATION); /* fails only for values out of range */
	(void)mallopt(M_TRIM_THRESHOLD, LARGE_ALLOCATION);
}

int main(int argc, char **argv) {
	struct command_line line = { 0 };
	struct config *config = NULL;
	struct config_faults faults = { 0 };
	memory_tune();
	if (!command_line_read(argc, argv, &line)) return EXIT_USAGE;
	if (line.help) return fputs(usage_text, stdout) < 0;
	if (line.version) return puts("understudyd " UNDERSTUDY_VERSION) < 0;
	if (config_read(line.config_path, &config, &faults) != OK) {
		faults_print(&faults);
		config_faults_done(&faults);
		return 1;
	}
	if (!line.check_only) return daemon_run(line.config_path, config);
	printf("%s: no faults, %zu zones\n", line.config_path, config->zones.count);
	config_free(config);
	return 0;
}
