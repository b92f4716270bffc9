import "yaml"; // scripts-before-anything
