package build

import "strings"

// splitImagePath takes "/images/<name>/<verb>" apart; the name may hold slashes. It gives "" for other paths.
func splitImagePath(path string) (image, verb string) {
	rest, ok := strings.CutPrefix(path, "/images/")
	i := strings.LastIndexByte(rest, '/')
	if !ok || i < 1 {
		return "", ""
	}
	return rest[:i], rest[i+1:]
}

// hasRegistry tells whether an image's name begins with a registry host, by the rule of Docker's reference grammar:
// the first of several elements holds a dot or a colon, or is localhost.
func hasRegistry(image string) bool {
	first, _, more := strings.Cut(image, "/")
	return more && (strings.ContainsAny(first, ".:") || first == "localhost")
}

// RepositoryOf leaves out an image's tag and digest.
func RepositoryOf(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		return image[:i]
	}
	return image
}

func tagOf(image string) string {
	return strings.TrimPrefix(strings.TrimPrefix(image, RepositoryOf(image)), ":")
}

func orLatest(tag string) string {
	if tag == "" {
		return "latest"
	}
	return tag
}
